"""The checklist CLAIM (Mongan 2020, updated by Tejani 2024), item by item in our words: a sentence from the figures, or "not done".

Items that only a journal article has (title, abstract, funding) are left out.
"""

from __future__ import annotations

from collections.abc import Callable

from medviewer.training.validation.figures import Figures

NOT_DONE = "not done"
Answer = Callable[[Figures], str]


def claim_rows(figures: Figures) -> list[tuple[str, str]]:
    """(item, answer) for every item."""
    return [(item, answer(figures) or NOT_DONE) for item, answer in _ITEMS]


def _about(*keys: str) -> Answer:
    return lambda f: " ".join(f.about[key].split("\n\n")[0].replace("\n", " ") for key in keys if f.about.get(key))


def _says(text: str) -> Answer:
    return lambda _: text


def _study(f: Figures) -> str:
    return {
        "synthetic": "Simulation: images made from label maps of people who were kept apart.",
        "pairs": "Retrospective: acquired images with references that were there before.",
        "pictures": "Retrospective, on public collections.",
    }[f.data.kind]


def _preprocessing(f: Figures) -> str:
    same = " Pictures are prepared here by the program's own code." if f.data.kind == "pictures" else ""
    return f"{f.model.input}{same}"


def _internal(f: Figures) -> str:
    return f"{f.data.images:,} images of {f.data.patients:,} people; {f.data.kept_apart}"


def _external(f: Figures) -> str:
    sources = {q.source for q in f.classification.questions} if f.classification is not None else set()
    return f"By source: {', '.join(sorted(sources))}; see the tables." if len(sources) > 1 else ""


def _uncertainty(_: Figures) -> str:
    return "95 % intervals by 2,000 draws of people; Wilson's for shares at a threshold; DeLong's only where everybody has one image."


def _robustness(f: Figures) -> str:
    if f.segmentation is not None and f.segmentation.mean_dice_by_contrast:
        return "By contrast; volume intervals by slice distance; answers to mirror images."
    if f.classification is not None and f.classification.shortcuts:
        return "By source; against baselines that see size or border alone; scores of mirrored pictures."
    return ""


def _explained(f: Figures) -> str:
    if f.explanation is not None:
        return f.explanation.verdict
    if f.segmentation is not None and f.segmentation.uncertainty_auc is not None:
        return "Whether uncertainty finds errors was measured; see the tables."
    return ""


def _metrics(f: Figures) -> str:
    if f.segmentation is not None:
        return "Dice, surface Dice at 1 and 2 mm, HD95 (MONAI), volume bias, side errors."
    return "AUC, sensitivity, specificity, predictive value, calibration error, Brier score."


def _gate(f: Figures) -> str:
    return "How many pictures the input gate refuses stands by source." if f.classification is not None and f.classification.gate else ""


_ITEMS: tuple[tuple[str, Answer], ...] = (
    ("Background, intended use, role of the model", _about("intended_use")),
    ("Prospective or retrospective", _study),
    ("Goal of the study", _says("To say how far a model that ships with a viewer can be trusted.")),
    ("Data sources", _about("data")),
    ("Inclusion and exclusion", _about("exclusions")),
    ("Preprocessing", _preprocessing),
    ("De-identification", _about("deidentification")),
    ("Missing data", _about("missing_data")),
    ("Image acquisition", _about("acquisition")),
    ("Reference standard: definition, reason, source", _about("reference")),
    ("Annotation of the test set; agreement between raters", _about("raters")),
    ("Partitions, and at which level they are disjoint", lambda f: f.data.kept_apart),
    ("Intended sample size", _about("sample_size")),
    ("Model", _about("details")),
    ("Software", lambda f: ", ".join(f"{name} {version}" for name, version in f.program.items())),
    ("Initialisation, training, choice of the final model", _about("training")),
    ("Ensembling", _about("ensembling")),
    ("Metrics", _metrics),
    ("Statistical uncertainty", _uncertainty),
    ("Robustness", _robustness),
    ("Explainability", _explained),
    ("Internal testing", _internal),
    ("External testing", _external),
    ("People and images included and excluded", _internal),
    ("Demographic and clinical characteristics", _about("factors")),
    ("Performance with its precision", _says("In the tables.")),
    ("Failure analysis", _says("The worst tenth is shown as pictures (worst-*.png of the validation).")),
    ("Inputs the model should refuse", _gate),
    ("Limitations", _about("caveats")),
    ("Implications for practice", _about("implications")),
    ("Availability of software, model and data", _says("Source, recipe and weights are in the repository; data under their own terms.")),
    ("Clinical trial registration", _says("")),
)
