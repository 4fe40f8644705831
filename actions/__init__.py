"""The rasa-sdk adapter: one module for each flow, thin; the assistant itself is `shopguide.guide`."""
