"""The options that onnxruntime-gpu 1.31.1 takes for its CUDA and TensorRT providers.

Its wheel has 255 MB, too many for every run of the tests, so what it said is written down here. The CUDA
provider was loaded over stub libraries of CUDA 13 and cuDNN 9, and listed its options with their defaults;
the TensorRT provider was given each name with a value of no sense, and refused the name or the value (of a
text it refused neither). docs/contracts.md tells when.
"""

VERSION = "1.31.1"
CUDA = {
    "arena_extend_strategy": "kNextPowerOfTwo",
    "cudnn_conv1d_pad_to_nc1d": "0",
    "cudnn_conv_algo_search": "EXHAUSTIVE",
    "cudnn_conv_use_max_workspace": "1",
    "device_id": "0",
    "do_copy_in_default_stream": "1",
    "enable_cuda_graph": "0",
    "enable_cudnn": "1",
    "external_data_loader_reading_threads": "4",
    "fuse_conv_bias": "0",
    "gpu_external_alloc": "0",
    "gpu_external_empty_cache": "0",
    "gpu_external_free": "0",
    "gpu_mem_limit": "18446744073709551615",
    "has_user_compute_stream": "0",
    "prefer_nhwc": "0",
    "sdpa_kernel": "0",
    "tunable_op_enable": "0",
    "tunable_op_max_tuning_duration_ms": "0",
    "tunable_op_tuning_enable": "0",
    "use_ep_level_unified_stream": "0",
    "use_tf32": "1",
    "user_compute_stream": "0",
}
# Only "True" and "False" are taken ("1" and "0" are refused), numbers, and any text.
TENSORRT_SWITCHES = frozenset(
    {
        "trt_bf16_enable",
        "trt_build_heuristics_enable",
        "trt_context_memory_sharing_enable",
        "trt_cuda_graph_enable",
        "trt_detailed_build_log",
        "trt_dla_enable",
        "trt_dump_ep_context_model",
        "trt_dump_subgraphs",
        "trt_engine_cache_enable",
        "trt_engine_decryption_enable",
        "trt_engine_hw_compatible",
        "trt_force_sequential_engine_build",
        "trt_force_timing_cache",
        "trt_fp16_enable",
        "trt_int8_enable",
        "trt_int8_use_native_calibration_table",
        "trt_layer_norm_fp32_fallback",
        "trt_sparsity_enable",
        "trt_timing_cache_enable",
        "trt_weight_stripped_engine_enable",
    }
)
TENSORRT_NUMBERS = frozenset(
    {
        "device_id",
        "trt_auxiliary_streams",
        "trt_builder_optimization_level",
        "trt_dla_core",
        "trt_ep_context_embed_mode",
        "trt_max_partition_iterations",
        "trt_max_workspace_size",
        "trt_min_subgraph_size",
        "user_compute_stream",
    }
)
TENSORRT_TEXTS = frozenset(
    {
        "trt_engine_cache_path",
        "trt_engine_cache_prefix",
        "trt_engine_decryption_lib_path",
        "trt_ep_context_file_path",
        "trt_extra_plugin_lib_paths",
        "trt_int8_calibration_table_name",
        "trt_onnx_model_folder_path",
        "trt_op_types_to_exclude",
        "trt_preview_features",
        "trt_profile_max_shapes",
        "trt_profile_min_shapes",
        "trt_profile_opt_shapes",
        "trt_tactic_sources",
        "trt_timing_cache_path",
    }
)
TENSORRT = TENSORRT_SWITCHES | TENSORRT_NUMBERS | TENSORRT_TEXTS


def faults(provider: str, options: dict[str, str]) -> list[str]:
    """Return what that provider would refuse of some options: names it has not, values of another kind."""
    known = TENSORRT if provider == "TensorrtExecutionProvider" else CUDA.keys()
    found = [f"{provider} has no {name}" for name in options if name not in known]
    for name, value in options.items():
        if provider == "TensorrtExecutionProvider" and (
            (name in TENSORRT_SWITCHES and value not in {"True", "False"})
            or (name in TENSORRT_NUMBERS and not value.removeprefix("-").isdecimal())
        ):
            found.append(f"{provider} refuses {name}={value}")
    return found
