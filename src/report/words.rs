//! Counts, lengths of time and doses as people read them.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::pump::quantity::MilliUnits;

/// A number with a comma between its thousands: `12,345`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun: `1 bolus`, `2 boluses`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", grouped(number))
}

/// The first few of a list, in words.
pub(crate) fn some_of(names: &[String]) -> String {
    const FEW: usize = 5;
    let more = names.len().saturating_sub(FEW);
    let shown = names[..names.len().min(FEW)].join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {} more", grouped(more)),
    }
}

/// A sentence's beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A length of time as people say it: `7 minutes`, `3 h 20 min`, `5 days`.
pub(crate) fn span_in_words(span: Duration) -> String {
    let minutes = span.num_minutes();
    let counted = |number: i64, one, many| counted(number.unsigned_abs() as usize, one, many);
    match minutes {
        ..60 => counted(minutes, "minute", "minutes"),
        60..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => counted(minutes / 1440, "day", "days"),
    }
}

/// An instant on the clocks of a zone, to the minute: `2026-05-14 08:20 CEST`.
pub(crate) fn local_minute(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    local.format("%Y-%m-%d %H:%M %Z").to_string()
}

/// Units of insulin with three decimals, so that a column of them lines up.
pub(crate) fn units(amount: MilliUnits) -> String {
    let milliunits = amount.milliunits();
    format!("{}.{:03}", milliunits / 1000, milliunits.abs() % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_345, "12,345"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "alarm", "alarms"), "1 alarm");
        assert_eq!(counted(4321, "alarm", "alarms"), "4,321 alarms");
    }
}
