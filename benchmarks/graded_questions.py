"""Questions on which a weak and a strong model were right or wrong, with vectors."""

import asyncio
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from models.embedder import SentenceEmbedder
from serve.documents.questions import Asking
from serve.policy.difficulty import surface
from serve.policy.examination import form_of

Floats = NDArray[np.float64]

WIDE: Final = 384
PATIENCE: Final = 600.0  # seconds
TOGETHER: Final = 64  # texts embedded at a time
_FIELDS: Final = {
    "maths": "abstract_algebra college_mathematics elementary_mathematics high_school_mathematics "
    "high_school_statistics formal_logic",
    "physics": "astronomy college_physics conceptual_physics high_school_physics "
    "electrical_engineering",
    "chemistry": "college_chemistry high_school_chemistry",
    "computing": "college_computer_science high_school_computer_science computer_security "
    "machine_learning",
    "biology": "college_biology high_school_biology medical_genetics virology anatomy nutrition",
    "medicine": "clinical_knowledge college_medicine professional_medicine human_aging "
    "human_sexuality",
    "law": "professional_law international_law jurisprudence",
    "economics": "econometrics high_school_macroeconomics high_school_microeconomics "
    "business_ethics management marketing professional_accounting public_relations",
    "history": "high_school_european_history high_school_us_history high_school_world_history "
    "prehistory",
    "thought": "philosophy moral_disputes moral_scenarios logical_fallacies world_religions",
    "society": "sociology high_school_psychology professional_psychology "
    "high_school_government_and_politics us_foreign_policy security_studies "
    "high_school_geography",
}
FIELD: Final = {subject: name for name, row in _FIELDS.items() for subject in row.split()}


class Graded:
    """`hard` where only the strong model was right. `field`: related subjects, held out together.

    `folder` has `responses/*.csv`, one file per subject, with the columns prompt, weak model right
    (True or False), strong model right; and, optionally, `contaminated_prompts.jsonl` (left out).
    """

    def __init__(self, folder: Path, cache: Path | None) -> None:
        rows = list(_rows(folder))
        self.subject = np.array([row[0].removeprefix("mmlu_") for row in rows])
        self.field = np.array([FIELD.get(subject, "miscellaneous") for subject in self.subject])
        self.texts = [row[1] for row in rows]
        self.weak = np.array([row[2] for row in rows])
        self.strong = np.array([row[3] for row in rows])
        self.hard = ~self.weak & self.strong
        self.question = np.unique(self.texts, return_inverse=True)[1]
        self.vectors = embedded(self.texts, cache and cache / "full.npy")
        self.surface = np.array([surface(form_of(text), text) for text in self.texts])

    def length(self) -> Floats:
        return np.array([float(len(text)) for text in self.texts])


def _rows(folder: Path) -> Iterator[tuple[str, str, bool, bool]]:
    bad = folder / "contaminated_prompts.jsonl"
    lines = bad.read_text().splitlines() if bad.exists() else []
    left_out = {json.loads(line)["eval_prompt"] for line in lines}
    for file in sorted((folder / "responses").glob("*.csv")):
        with file.open(newline="") as source:
            for row in csv.reader(source):
                if row[0] != "prompt" and row[0] not in left_out:
                    yield file.stem, row[0], row[1] == "True", row[2] == "True"


def embedded(texts: list[str], file: Path | None = None) -> Floats:
    """(n, 384) as a request would get them: zeros where the embedder refuses a long text."""
    if file and file.exists():
        return np.load(file, allow_pickle=False).astype(np.float64)
    found = asyncio.run(_vectors(texts))
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, found)
    return found.astype(np.float64)


async def _vectors(texts: list[str]) -> NDArray[np.float32]:
    embedder = SentenceEmbedder("all-minilm-l6-v2", 2)
    found = np.zeros((len(texts), WIDE), np.float32)
    for at in range(0, len(texts), TOGETHER):
        some = [Asking(embedder, text).question(PATIENCE) for text in texts[at : at + TOGETHER]]
        for row, question in enumerate(await asyncio.gather(*some), at):
            if question.vector is not None:
                found[row] = question.vector
        print(f"\rembedded {at + len(some)} of {len(texts)}", end="", flush=True)
    print()
    return found
