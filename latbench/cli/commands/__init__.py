"""The commands, one file each, found by walking this folder; slow imports wait until a command runs."""
