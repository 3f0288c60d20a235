"""``seatrial demo``: a story on real solar-cell images, from training to refusal and promotion."""
