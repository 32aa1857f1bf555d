"""Which unit has to claim which of the lecture's statements."""

REQUIRED = {
    "01_blind_spots": {"A1", "A2"},
    "02_adversarial_examples": {"A3", "B1", "B2", "B3", "B4"},
    "03_texture_vs_shape": {"C1", "C2"},
    "04_gradient_attacks": {"D1", "D2", "D3", "D4", "D5"},
    "05_black_box": {"D6"},
    "06_creative_attacks": {"D7", "H3"},
    "07_mixed_batches": {"E1", "E2", "E3", "E4", "E5"},
    "08_inner_maximisation": {"F1", "F2", "F3", "F4"},
    "09_max_of_convex": {"G1", "G2"},
    "10_robust_training": {"G3"},
    "11_margins_and_noise": {"H1", "H2"},
}
