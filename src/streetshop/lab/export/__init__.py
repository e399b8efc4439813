"""Export runs as bundles: ONNX checked against the trained network, spec, report and model card."""
