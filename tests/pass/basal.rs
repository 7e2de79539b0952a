//! Basal rates where data is missing or the pump rests.
