//! The one line that a run ends with.

use std::fmt::Write as _;

use chrono::Duration;

use super::words::{capitalised, counted, grouped, local_minute, some_of, span_in_words};
use super::{Report, SUSPICIOUS_AGE, Tally, field_name, value_name};
use crate::config::Feature;
use crate::pump::decode::{Oddities, Skipped};

impl Report {
    /// The line.
    pub fn summary(&self) -> String {
        let mut parts = vec![self.written()];
        parts.extend(self.not_written());
        let mut line = format!("{}.", parts.join("; "));
        // Writing to a String cannot fail. A run that was cut short may not have seen any event that there is.
        if self.complete || self.newest_event.is_some() {
            let _ = write!(line, " {}.", self.newest_event_in_words());
        }
        if self.clock_witnessed {
            line += " The pump's clock is known from another uploader's glucose.";
        }
        if !self.without_data.is_empty() {
            let features: Vec<&str> = self.without_data.iter().map(feature_name).collect();
            let _ = write!(line, " Nothing from the pump for {}.", features.join(", "));
        }
        let left_out = left_out(&self.skipped);
        if !left_out.is_empty() {
            let _ = write!(
                line,
                " Left out: {}. This version does not know them: write down what was answered with --check-login --capture FILE, and with that file \
                 please report this line at {}/issues",
                left_out.join(", "),
                env!("CARGO_PKG_REPOSITORY"),
            );
        }
        line
    }

    /// What was written, by kind.
    fn written(&self) -> String {
        let (upload, update) = if self.pretend {
            ("Would upload", "would update")
        } else {
            ("Uploaded", "updated")
        };
        let created = self.kinds(|tally| tally.created);
        let updated = self.kinds(|tally| tally.updated);
        match (created.is_empty(), updated.is_empty()) {
            (true, true) if self.complete => "Nothing new".to_owned(),
            (true, true) => "Nothing uploaded".to_owned(),
            (false, true) => format!("{upload} {created}"),
            (true, false) => capitalised(&format!("{update} {updated}")),
            (false, false) => format!("{upload} {created}; {update} {updated}"),
        }
    }

    /// What was not, and why; each with its number.
    fn not_written(&self) -> Vec<String> {
        let total = |of: fn(&Tally) -> usize| self.uploads.total(of);
        let rates = match self.rates_left_out {
            1 => "rate of the older pump left out, since the newer one delivers",
            _ => "rates of the older pump left out, since the newer one delivers",
        };
        let twins = match self.pretend {
            true => "that two runs wrote twice to be removed",
            false => "that two runs wrote twice removed",
        };
        let counts = [
            (total(|tally| tally.already), "already there"),
            (
                total(|tally| tally.held_back),
                "held back until 10 minutes old",
            ),
            (self.rates_left_out, rates),
            (
                self.clock_unknown,
                "held back until the pump's clock is known",
            ),
            (total(|tally| tally.refused), "refused by Nightscout"),
            (self.twins_removed, twins),
        ];
        let told = counts.into_iter().filter(|(number, _)| *number > 0);
        told.map(|(number, what)| format!("{} {what}", grouped(number)))
            .collect()
    }

    fn kinds(&self, of: impl Fn(&Tally) -> usize) -> String {
        let tallies = self.uploads.tallies.iter();
        let counted = tallies.map(|(kind, tally)| (kind, of(tally)));
        let named = counted.filter(|(_, count)| *count > 0);
        let texts: Vec<String> = named
            .map(|(kind, count)| format!("{} {kind}", grouped(count)))
            .collect();
        texts.join(", ")
    }

    fn newest_event_in_words(&self) -> String {
        let (Some(newest), Some(age)) = (self.newest_event, self.age()) else {
            return format!("The pump has no events in this time{}", self.hint(true));
        };
        let time = local_minute(newest, self.zone);
        if age < Duration::zero() {
            format!(
                "Newest pump event: {time}, {} ahead of now",
                span_in_words(-age)
            )
        } else {
            let hint = self.hint(age > SUSPICIOUS_AGE);
            format!(
                "Newest pump event: {time}, {} ago{hint}",
                span_in_words(age)
            )
        }
    }

    /// If a run up to now finds nothing new, the reader should look at the phone.
    fn hint(&self, silent: bool) -> &'static str {
        if silent && self.reaches_up_to_now() {
            " (is the phone with Tandem's app on, online, and connected to the pump?)"
        } else {
            ""
        }
    }
}

fn feature_name(feature: &Feature) -> &'static str {
    match feature {
        // Whether it is suspended may be known all the same.
        Feature::DeviceStatus => "DEVICE_STATUS (reservoir, battery)",
        feature => feature.name(),
    }
}

/// What was left out of Tandem's answers, in words, with the codes or names to report.
fn left_out(skipped: &Skipped) -> Vec<String> {
    let mut parts = Vec::new();
    let mut count = |number: usize, more: bool, [one, many]: [&str; 2], which: Vec<String>| {
        if number == 0 {
            return;
        }
        let more = if more { "more than " } else { "" };
        let which = match which.is_empty() {
            true => String::new(),
            false => format!(" ({})", some_of(&which)),
        };
        parts.push(format!("{more}{}{which}", counted(number, one, many)));
    };
    let codes = |events: &Oddities<i64>| {
        events
            .kinds()
            .map(|(code, _)| format!("code {code}"))
            .collect()
    };
    let (events, malformed) = (&skipped.unknown_events, &skipped.malformed);
    let (values, fields) = (&skipped.unknown_values, &skipped.unknown_fields);
    let names = ["unknown event", "unknown events"];
    count(events.total(), events.is_cut_off(), names, codes(events));
    let names = ["unreadable event", "unreadable events"];
    count(
        skipped.unreadable(),
        malformed.is_cut_off(),
        names,
        codes(malformed),
    );
    let names = ["unknown value", "unknown values"];
    let which = values.kinds().map(|(value, _)| value_name(value)).collect();
    count(values.total(), values.is_cut_off(), names, which);
    let names = ["unknown field", "unknown fields"];
    let which = fields.iter().map(field_name).collect();
    count(fields.total(), fields.is_cut_off(), names, which);
    parts
}
