"""Sends a trained adapter to `r4t serve-reward`, from where `r4t train` takes it: `python send_adapter.py <folder> <job>`."""
import pathlib
import sys

from r4t_reward import call


def send_adapter(folder, job):
    for name in ("adapter_model.safetensors", "adapter_config.json"):  # the config last: where it is, all is
        body = (pathlib.Path(folder) / name).read_bytes()
        call(f"/adapters/{job}/{name}", body, "PUT", "application/octet-stream")
    print(f"adapter of {job} sent", flush=True)


if __name__ == "__main__":
    send_adapter(*sys.argv[1:])
