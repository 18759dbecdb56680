"""The safetensors container in plain NumPy: what the vectors are stored in."""
import json

import numpy as np

DTYPES = {np.dtype("<f4"): "F32", np.dtype("<i4"): "I32", np.dtype("u1"): "U8"}


def write(path, tensors, metadata):
    """tensors: name -> array of float32, int32 or uint8; metadata: name -> anything JSON can say."""
    header = {"__metadata__": {"format": "pt", **{name: json.dumps(value) for name, value in metadata.items()}}}
    parts, offset = [], 0
    for name, array in tensors.items():
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": DTYPES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def read(path):
    """-> (name -> array, name -> metadata)"""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    metadata.pop("format", None)
    kinds = {word: dtype for dtype, word in DTYPES.items()}
    tensors = {
        name: np.frombuffer(data[slice(*each["data_offsets"])], kinds[each["dtype"]]).reshape(each["shape"])
        for name, each in header.items()
    }
    return tensors, {name: json.loads(value) for name, value in metadata.items()}
