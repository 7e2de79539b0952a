//! What a Nightscout site holds of some hours, whoever wrote it. The picture and the page are drawn from this.

use chrono::{DateTime, Duration, Utc};

use crate::nightscout::{Document, instant_of, parse_created_at};
use crate::pump::quantity::{MgDl, MilliUnits, MilliUnitsPerHour};

/// A sensor reads every five minutes. A longer time without a reading is a gap.
const GLUCOSE_GAP: Duration = Duration::minutes(16);

/// Temp basals that follow each other may leave out some seconds.
const BASAL_GAP: Duration = Duration::minutes(1);

/// The longest duration that makes sense; a document's longer one is cut to it.
pub(crate) const LONGEST: Duration = Duration::days(2);

/// What a site holds of a stretch of time, each list oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Day {
    /// The first instant.
    pub(crate) from: DateTime<Utc>,
    /// The first instant after it.
    pub(crate) to: DateTime<Utc>,
    /// Sensor readings.
    pub(crate) glucose: Vec<Glucose>,
    /// Temp basals, as Nightscout counts them: cut where the next begins.
    pub(crate) basal: Vec<Basal>,
    /// Boluses and carbs.
    pub(crate) doses: Vec<Dose>,
    /// What else is worth a line: site changes, suspensions, alarms.
    pub(crate) events: Vec<OtherEvent>,
}

/// A sensor reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glucose {
    /// When it was measured.
    pub(crate) at: DateTime<Utc>,
    /// The glucose, in mg/dL.
    pub(crate) value: MgDl,
}

/// A basal rate for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Basal {
    /// From this instant.
    pub(crate) from: DateTime<Utc>,
    /// Up to this one.
    pub(crate) to: DateTime<Utc>,
    /// The rate; `None` where the document gives it in percent of a profile.
    pub(crate) rate: Option<MilliUnitsPerHour>,
}

/// A bolus, carbs, or both.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dose {
    /// The instant that it is filed under.
    pub(crate) at: DateTime<Utc>,
    /// Its event type.
    pub(crate) kind: String,
    /// Insulin given at once.
    pub(crate) now: MilliUnits,
    /// Insulin given over time.
    pub(crate) later: MilliUnits,
    /// How long that takes.
    pub(crate) lasts: Duration,
    /// Carbohydrates, in g.
    pub(crate) carbs: f64,
    /// Whether the pump decided on it by itself.
    pub(crate) automatic: bool,
}

/// Anything without insulin or carbs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OtherEvent {
    /// The instant that it is filed under.
    pub(crate) at: DateTime<Utc>,
    /// Its event type.
    pub(crate) kind: String,
}

impl Day {
    /// Sorts a site's documents of a stretch of time. Documents without a time that can be read are left out.
    pub fn read(
        treatments: &[Document],
        entries: &[Document],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Day {
        let mut day = Day {
            from,
            to,
            glucose: entries.iter().filter_map(glucose).collect(),
            ..Day::default()
        };
        for treatment in treatments {
            day.take(treatment);
        }
        day.settle();
        day
    }

    /// Whether the site holds nothing of this time.
    pub(crate) fn is_empty(&self) -> bool {
        self.glucose.is_empty()
            && self.basal.is_empty()
            && self.doses.is_empty()
            && self.events.is_empty()
    }

    fn take(&mut self, treatment: &Document) {
        let text = |name: &str| treatment.get(name).and_then(|value| value.as_str());
        let number = |name: &str| treatment.get(name).and_then(|value| value.as_f64());
        let Some(at) = text("created_at").and_then(parse_created_at) else {
            return;
        };
        // Whatever was asked for, a document may say any year.
        if at < self.from - LONGEST || self.to <= at {
            return;
        }
        let kind = one_line(text("eventType").unwrap_or_default());
        let lasts = number("duration").map_or(Duration::zero(), length);
        if kind.contains("Temp Basal") {
            let rate = number("absolute").and_then(MilliUnits::from_units);
            self.basal.push(Basal {
                from: at,
                to: at + lasts,
                rate: rate.map(|rate| MilliUnitsPerHour::new(rate.milliunits())),
            });
            return;
        }
        let insulin = |name| {
            let amount = number(name).and_then(MilliUnits::from_units);
            amount.filter(|amount| *amount > MilliUnits::ZERO)
        };
        let now = insulin("insulin").unwrap_or_default();
        let relative = insulin("relative").filter(|_| kind == "Combo Bolus");
        let later = relative.map_or(MilliUnits::ZERO, |rate| {
            given(MilliUnitsPerHour::new(rate.milliunits()), lasts)
        });
        let carbs = number("carbs").filter(|grams| (0.0..10_000.0).contains(grams));
        let carbs = carbs.unwrap_or_default();
        if now == MilliUnits::ZERO && later == MilliUnits::ZERO && carbs == 0.0 {
            self.events.push(OtherEvent { at, kind });
            return;
        }
        let automatic = treatment.get("automatic").and_then(|value| value.as_bool());
        self.doses.push(Dose {
            at,
            kind,
            now,
            later,
            lasts,
            carbs,
            automatic: automatic.unwrap_or_default(),
        });
    }

    fn settle(&mut self) {
        let (from, to) = (self.from, self.to);
        let inside = |at: DateTime<Utc>| from <= at && at < to;
        self.glucose.sort_by_key(|reading| reading.at);
        self.glucose.retain(|reading| inside(reading.at));
        self.doses.sort_by_key(|dose| dose.at);
        self.doses.retain(|dose| inside(dose.at));
        self.events.sort_by_key(|event| event.at);
        self.events.retain(|event| inside(event.at));
        self.basal.sort_by_key(|basal| basal.from);
        // Of two in the same millisecond Nightscout ignores one.
        self.basal.dedup_by_key(|basal| basal.from);
        for index in 1..self.basal.len() {
            let next = self.basal[index].from;
            let basal = &mut self.basal[index - 1];
            basal.to = basal.to.min(next);
        }
        for basal in &mut self.basal {
            basal.from = basal.from.max(from);
            basal.to = basal.to.min(to);
        }
        self.basal.retain(|basal| basal.from < basal.to);
    }

    /// The insulin of the basal rates known.
    pub(crate) fn basal_insulin(&self) -> MilliUnits {
        let amounts = self.basal.iter().filter_map(|basal| {
            let rate = basal.rate?.milliunits_per_hour();
            Some(i128::from(rate) * i128::from((basal.to - basal.from).num_milliseconds()))
        });
        rounded(amounts.sum())
    }

    /// The insulin of the boluses, what is given over time included.
    pub(crate) fn bolus_insulin(&self) -> MilliUnits {
        self.doses.iter().map(|dose| dose.now + dose.later).sum()
    }

    /// The carbohydrates, in g.
    pub(crate) fn carbs(&self) -> f64 {
        self.doses.iter().map(|dose| dose.carbs).sum()
    }

    /// The mean of the rate between two instants, in mU/h, where one is known for any of that time.
    pub(crate) fn mean_rate(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<f64> {
        let begun = self.basal.partition_point(|basal| basal.to <= from);
        let mut known = 0.0;
        let mut sum = 0.0;
        for basal in self.basal[begun..].iter().take_while(|b| b.from < to) {
            let Some(rate) = basal.rate else { continue };
            let time = (basal.to.min(to) - basal.from.max(from)).num_milliseconds() as f64;
            known += time;
            sum += time * rate.milliunits_per_hour() as f64;
        }
        (known > 0.0).then(|| sum / known)
    }

    /// The stretches without a sensor reading, once there is any.
    pub(crate) fn glucose_gaps(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let pairs = self.glucose.windows(2);
        let gaps = pairs.map(|pair| (pair[0].at, pair[1].at));
        gaps.filter(|(from, to)| *to - *from > GLUCOSE_GAP)
            .collect()
    }

    /// The stretches without a temp basal between the first and the last one: there Nightscout shows the profile's rate.
    pub(crate) fn basal_gaps(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let pairs = self.basal.windows(2);
        let gaps = pairs.map(|pair| (pair[0].to, pair[1].from));
        gaps.filter(|(from, to)| *to - *from > BASAL_GAP).collect()
    }
}

/// What a rate gives in a length of time, to the nearest mU.
fn given(rate: MilliUnitsPerHour, time: Duration) -> MilliUnits {
    rounded(i128::from(rate.milliunits_per_hour()) * i128::from(time.num_milliseconds()))
}

/// mU/h times milliseconds, in mU. Both factors are bounded, so that the sum of a day's fits.
fn rounded(milliunit_milliseconds: i128) -> MilliUnits {
    const HOUR: i128 = 3_600_000;
    let amount = (milliunit_milliseconds + HOUR / 2).div_euclid(HOUR);
    MilliUnits::new(i64::try_from(amount).unwrap_or(i64::MAX))
}

fn length(minutes: f64) -> Duration {
    let longest = LONGEST.num_milliseconds() as f64;
    let milliseconds = (minutes * 60_000.0).clamp(0.0, longest);
    Duration::milliseconds(milliseconds.round() as i64)
}

fn glucose(entry: &Document) -> Option<Glucose> {
    let kind = entry.get("type").and_then(|kind| kind.as_str());
    if kind.is_some_and(|kind| kind != "sgv") {
        return None;
    }
    let value = entry.get("sgv")?.as_f64()?;
    // Below 39, Nightscout's numbers are codes of the sensor's errors.
    let value = (39.0..=1000.0)
        .contains(&value)
        .then_some(MgDl(value.round() as u16))?;
    let at = instant_of(entry.get("date")?)?;
    Some(Glucose { at, value })
}

/// A text of somebody else's: one line, short, nothing but what can be seen.
fn one_line(text: &str) -> String {
    let shown = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_./()+".contains(*c));
    shown.take(24).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-20T{time}Z").parse().expect("a time")
    }

    fn documents(values: &[Value]) -> Vec<Document> {
        let objects = values.iter().map(|value| value.as_object().cloned());
        objects.map(|object| object.expect("an object")).collect()
    }

    fn day(treatments: &[Value], entries: &[Value]) -> Day {
        let (from, to) = (at("00:00:00"), at("12:00:00"));
        Day::read(&documents(treatments), &documents(entries), from, to)
    }

    #[test]
    fn a_later_temp_basal_cuts_an_earlier_one_and_totals_are_exact() {
        let day = day(
            &[
                json!({"eventType": "Temp Basal", "created_at": "2026-11-20T01:00:00Z", "duration": 30, "absolute": 1.2}),
                json!({"eventType": "Temp Basal", "created_at": "2026-11-20T01:15:00Z", "duration": 30, "absolute": 0.6}),
                json!({"eventType": "Temp Basal", "created_at": "2026-11-20T03:00:00Z", "duration": 60, "percent": -50}),
            ],
            &[],
        );
        assert_eq!(day.basal_insulin(), MilliUnits::new(300 + 300));
        assert_eq!(day.basal_gaps(), [(at("01:45:00"), at("03:00:00"))]);
        assert_eq!(day.mean_rate(at("01:10:00"), at("01:20:00")), Some(900.0));
        assert_eq!(day.mean_rate(at("02:00:00"), at("02:30:00")), None);
        assert_eq!(day.mean_rate(at("03:00:00"), at("03:30:00")), None);
    }

    #[test]
    fn a_temp_basal_that_began_before_counts_from_the_start() {
        let day = day(
            &[
                json!({"eventType": "Temp Basal", "created_at": "2026-11-19T23:30:00Z", "duration": 60, "absolute": 2}),
            ],
            &[],
        );
        assert_eq!(day.basal_insulin(), MilliUnits::new(1000));
    }

    #[test]
    fn doses_of_every_kind_are_told_apart() {
        let day = day(
            &[
                json!({"eventType": "Combo Bolus", "created_at": "2026-11-20T02:00:00Z", "insulin": 2.5, "relative": 1.5, "duration": 120, "carbs": 40}),
                json!({"eventType": "Correction Bolus", "created_at": "2026-11-20T01:00:00Z", "insulin": 0.433, "automatic": true}),
                json!({"eventType": "Site Change", "created_at": "2026-11-20T04:00:00Z"}),
                json!({"eventType": "Note", "created_at": "not a time"}),
                json!({"eventType": "Meal Bolus", "created_at": "2026-11-20T12:00:00Z", "insulin": 9}),
            ],
            &[],
        );
        assert_eq!(day.bolus_insulin(), MilliUnits::new(433 + 2500 + 3000));
        assert_eq!(day.carbs(), 40.0);
        assert_eq!(day.doses.len(), 2);
        assert_eq!(day.events.len(), 1);
    }

    #[test]
    fn readings_have_gaps() {
        let entry = |time: &str, sgv: f64| json!({"type": "sgv", "sgv": sgv, "date": at(time).timestamp_millis()});
        let day = day(
            &[],
            &[
                entry("01:00:00", 120.0),
                entry("01:05:00", 5.0),
                entry("01:10:00", 130.0),
                entry("02:00:00", 140.0),
                json!({"type": "mbg", "mbg": 90, "date": at("01:30:00").timestamp_millis()}),
            ],
        );
        assert_eq!(day.glucose.len(), 3);
        assert_eq!(day.glucose_gaps(), [(at("01:10:00"), at("02:00:00"))]);
    }

    #[test]
    fn absurd_documents_do_no_harm() {
        let day = day(
            &[
                json!({"eventType": "Temp Basal", "created_at": "2026-11-20T01:00:00Z", "duration": 1e300, "absolute": 1e300}),
                json!({"eventType": "Temp Basal", "created_at": "-262143-01-01T00:00:00Z", "duration": -5, "absolute": 1}),
                json!({"eventType": "Meal\u{202e}\u{1b}[31m Bolus", "created_at": "2026-11-20T02:00:00Z", "insulin": 1e18, "carbs": 1}),
            ],
            &[json!({"type": "sgv", "sgv": 1e300, "date": 1e300})],
        );
        assert_eq!(day.basal_insulin(), MilliUnits::ZERO);
        assert_eq!(day.doses[0].kind, "Meal31m Bolus");
        assert!(day.glucose.is_empty());
    }
}
