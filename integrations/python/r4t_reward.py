"""The reward of an r4t run (`r4t serve-reward`) for TRL and verl, by the standard library alone; see docs/training-elsewhere.md.

TRL:  GRPOTrainer(reward_funcs=[reward], ...); the data set's column `query` says what each prompt is to search for.
verl: reward.custom_reward_function.path=r4t_reward.py; `reward_model.ground_truth` says it.

R4T_REWARD_URL says where the service listens (http://127.0.0.1:7481), R4T_API_KEY is its key, where it asks for one.
"""
import json
import os
import time
import urllib.error
import urllib.request

BATCH = 256  # completions a request
ATTEMPTS = 8  # with a pause of 1, 2, 4, ... up to 30 seconds between them


def call(path, body=None, method="POST", content_type="application/json"):
    """One request; tried again where the service is away or overloaded, as a reward is the same whenever it is asked for."""
    url = os.environ.get("R4T_REWARD_URL", "http://127.0.0.1:7481").rstrip("/") + path
    headers = {"Content-Type": content_type, "X-API-Key": os.environ.get("R4T_API_KEY", "")}
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code not in (408, 429, 500, 502, 503, 504) or attempt == ATTEMPTS - 1:
                raise RuntimeError(f"{url} answered {error.code}: {said}") from None
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if attempt == ATTEMPTS - 1:
                raise RuntimeError(f"{url} cannot be reached: {error}; is r4t serve-reward running?") from None
        time.sleep(min(2**attempt, 30))


def rewards(queries, completions):
    """The reward of each completion for what it is to search for."""
    found = []
    for start in range(0, len(queries), BATCH):
        asked = {"query": completions[start : start + BATCH], "labels": queries[start : start + BATCH]}
        found += call("/get_reward", json.dumps(asked).encode())["rewards"]
    return found


def text(message):
    """A message of a conversation, or plain text, as text."""
    return message if isinstance(message, str) else message[-1]["content"]


def reward(prompts, completions, query=None, **_):
    """For TRL's `reward_funcs`. Without a column `query` the prompt, or its last message, is what is searched for."""
    return rewards(query or [text(p) for p in prompts], [text(c) for c in completions])


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    """For verl, which asks for many at the same time: the service answers them together."""
    return rewards([ground_truth], [solution_str])[0]
