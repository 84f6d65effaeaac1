"""What every package is made of: ONNX, manifest, figures, golden pair."""
