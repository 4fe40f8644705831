"""How well needs in words find products: BM25, the bi-encoder, the cross-encoders and the whole pipeline."""
