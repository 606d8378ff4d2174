"""The model of model.ts in PyTorch 2 or later (pip install torch); prints the same line as the other contenders.

pytorch.py <width> <layers> <seconds>
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, ROWS, INPUT, HEADS, LEARNING_RATE, WARM_UP = 64, 12, 128, 8, 1e-4, 3
WIDTH, LAYERS, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        h = self.norm1(x)
        q, k, v = (f(h).view(-1, ROWS, HEADS, WIDTH // HEADS).transpose(1, 2) for f in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(q, k, v)
        x = x + self.o(mixed.transpose(1, 2).reshape(-1, ROWS, WIDTH))
        return x + self.down(F.silu(self.up(self.norm2(x))))


def noise(length, seed):
    x = torch.sin(torch.arange(length, dtype=torch.float64) * 12.9898 + seed * 78.233) * 43758.5453
    return (2 * (x - x.floor()) - 1).float()


model = nn.Sequential(nn.Linear(INPUT, WIDTH), *(Block() for _ in range(LAYERS)), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, INPUT))
with torch.no_grad():
    for i, (name, p) in enumerate(model.named_parameters()):
        if p.ndim == 2:
            fan_out, fan_in = p.shape
            p.copy_(noise(p.numel(), i).view(fan_in, fan_out).T * (3 / fan_in) ** 0.5)
        elif name.endswith("bias"):
            p.zero_()
        else:
            p.fill_(1)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
x = noise(BATCH * ROWS * INPUT, 1000).view(BATCH, ROWS, INPUT)
target = noise(BATCH * ROWS * INPUT, 1001).view(BATCH, ROWS, INPUT)

milliseconds, cpu_milliseconds, losses, start, i = [], [], [], 0, 0
while i < WARM_UP + 3 or time.perf_counter() - start < SECONDS:
    if i == WARM_UP:
        start = time.perf_counter()
    begin, cpu = time.perf_counter(), time.process_time()
    loss = F.mse_loss(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    value = loss.item()
    if i >= WARM_UP:
        milliseconds.append((time.perf_counter() - begin) * 1000)
        cpu_milliseconds.append((time.process_time() - cpu) * 1000)
    else:
        losses.append(value)
    i += 1
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
figures = {"milliseconds": milliseconds, "cpuMilliseconds": cpu_milliseconds, "losses": losses, "peakMegabytes": peak}
print(json.dumps(figures))
