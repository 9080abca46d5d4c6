"""Prints what ONNX Runtime makes of a pattern, for the tests of `src/classifier.rs` and `src/detector.rs`.

    pip install onnxruntime==1.32.0 numpy && python3 expected.py
"""

from pathlib import Path

import numpy
import onnxruntime

HERE = Path(__file__).parent


def run(network, edge):
    y, x = numpy.indices((edge, edge))
    planes = [((y * 7 + x * 13 + y * x // 31 + plane * 101) % 64) / 32 - 1 for plane in range(3)]
    session = onnxruntime.InferenceSession(HERE / f"{network}.f16.onnx", providers=["CPUExecutionProvider"])
    image = numpy.stack(planes)[None].astype(numpy.float32)
    return session.run(None, {session.get_inputs()[0].name: image})


(logits,) = run("efficientnet-lite0", 224)
for index in [*range(0, 1000, 111), int(logits[0].argmax())]:
    print(f"({index}, {logits[0, index]:.4f}),")

scores, boxes = run("ssdlite", 300)
best = scores[0, :, 1:].max(axis=1).argsort()[::-1]
for anchor in [*best[:3], 5, 900, 1500, 1800, 1910, 1916]:
    column = scores[0, anchor, 1:].argmax() + 1
    box = ", ".join(f"{side:.4f}" for side in boxes[0, anchor, 0])
    print(f"({anchor}, {column}, {scores[0, anchor, column]:.4f}, [{box}]),")
