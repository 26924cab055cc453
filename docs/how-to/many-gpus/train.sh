#!/bin/bash
# Plain ssh: the same command on every machine. Each has kaogan, and data/faces-64, in ~/faces.
# Run it with: bash train.sh node-1 node-2
set -euo pipefail
machines=("$@")

for machine in "${machines[@]}"; do
  ssh "$machine" "cd faces && . .venv/bin/activate &&
    TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun --nnodes ${#machines[@]} --nproc-per-node 8 \
      --max-restarts 3 --rdzv-backend c10d --rdzv-id faces --rdzv-endpoint ${machines[0]}:29400 \
      -m kaogan train data/faces-64 --out runs/faces --batch 512 --images 20000000" &
done
wait
