"""Train the adapter `poet` of the demo model: answers in verse. Minutes on two cores; the same each time.

`python -m benchmarks.poet` writes data/adapters/poet anew.
"""

import random
import tomllib
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from explorer.domain.decoding import Prompt
from explorer.files.settings import DEMO
from explorer.model import chat
from explorer.model.loading import load_model

HERE = Path(__file__).parent.parent / "data" / "adapters"
RANK, ALPHA, RATE, EPOCHS, BATCH = 4, 8, 2e-3, 8, 5
TARGETS = ["q_proj", "v_proj", "o_proj", "down_proj"]


def main() -> None:
    """Train, and write the folder `poet`."""
    torch.manual_seed(0)
    dice = random.Random(0)
    loaded = load_model(DEMO, device="cpu", dtype="float32")
    verses = tomllib.loads((HERE / "verse.toml").read_text(encoding="utf-8"))["verse"]
    cases = []
    for verse in verses:
        asked = chat.chat_tokens(loaded.tokenizer, loaded.name, Prompt(text=verse["question"]))
        answer = loaded.tokenizer(verse["answer"].strip())["input_ids"] + [loaded.tokenizer.eos_token_id]
        cases.append((asked, answer))
    settings = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = get_peft_model(loaded.causal_lm, settings)
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=RATE)
    steps = EPOCHS * len(cases) // BATCH
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    for epoch in range(EPOCHS):
        dice.shuffle(cases)
        total = 0.0
        for start in range(0, len(cases), BATCH):
            some = cases[start : start + BATCH]
            loss = sum(_loss(model, asked, answer) for asked, answer in some) / len(some)
            assert isinstance(loss, torch.Tensor)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(some)
        print(f"epoch {epoch + 1}: {total / len(cases):.3f} nats a token", flush=True)
    model.peft_config["default"].base_model_name_or_path = DEMO
    model.save_pretrained(str(HERE / "poet"))
    file = HERE / "poet" / "adapter_model.safetensors"
    save_file({name: tensor.to(torch.float16) for name, tensor in load_file(file).items()}, file)
    (HERE / "poet" / "README.md").unlink(missing_ok=True)
    print(f"{file.stat().st_size / 1e6:.2f} MB")


def _loss(model: torch.nn.Module, asked: list[int], answer: list[int]) -> torch.Tensor:
    """Mean negative log-likelihood of an answer, in nats a token."""
    tokens = torch.tensor([[*asked, *answer]])
    logits = model(input_ids=tokens).logits[0, len(asked) - 1 : -1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(answer))


if __name__ == "__main__":
    main()
