"""Composes the configuration in a job's train_verl.sh with verl's own (needs its source and hydra-core, no GPU): `python check_verl.py <train_verl.sh>`."""
import importlib.util
import pathlib
import re
import sys

import hydra

script = pathlib.Path(sys.argv[1]).read_text()
start, end = script.index("verl.trainer.main_ppo"), script.index("last=")
overrides = re.findall(r'"([^"]+)"', script[start:end])
folder = pathlib.Path(importlib.util.find_spec("verl").submodule_search_locations[0]) / "trainer" / "config"
with hydra.initialize_config_dir(str(folder), version_base=None):
    config = hydra.compose("ppo_trainer", overrides=[line.replace("$", "") for line in overrides])
print(len(overrides), config.trainer.nnodes, config.reward.custom_reward_function.path)
