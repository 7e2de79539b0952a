//! What a run saw on the site twice because another uploader wrote it too.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::{counted, local_minute};
use crate::nightscout::ObjectId;
use crate::pump::quantity::rounded;
use crate::reconcile::doubles::Double;
use crate::window::local_date;

/// How tconnectsync is stopped, wherever it runs.
pub(crate) const WHERE_IT_RUNS: &str = "on Heroku delete its app, and whatever calls its /run address; elsewhere its cron line, service or \
                                        container";

/// Documents of tconnectsync's that tell again what others tell.
#[derive(Clone, Debug, Default)]
pub struct Doubles(BTreeMap<ObjectId, Noted>);

#[derive(Clone, Copy, Debug)]
struct Noted {
    bolus: bool,
    /// U.
    insulin: f64,
    /// g.
    carbs: f64,
    at: Option<DateTime<Utc>>,
}

impl Doubles {
    /// Takes one down; the same document only once.
    pub(crate) fn add(&mut self, double: &Double) {
        let noted = Noted {
            bolus: double.is_bolus(),
            insulin: double.insulin,
            carbs: double.carbs,
            at: double.document.at.into_iter().chain(double.other_at).min(),
        };
        self.0.insert(double.id.clone(), noted);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many boluses stand there twice.
    fn boluses(&self) -> usize {
        self.0.values().filter(|noted| noted.bolus).count()
    }

    fn insulin(&self) -> f64 {
        self.0.values().map(|noted| noted.insulin).sum()
    }

    fn carbs(&self) -> f64 {
        self.0.values().map(|noted| noted.carbs).sum()
    }

    /// How many and how much, in words: `3 boluses, 6.2 U and 45 g, stand twice on the site`.
    pub(crate) fn in_words(&self) -> String {
        let (boluses, all) = (self.boluses(), self.0.len());
        let others = all - boluses;
        let mut text = String::new();
        if boluses > 0 {
            text = counted(boluses, "bolus", "boluses");
            text += &format!(", {} U", rounded(self.insulin(), 2));
            if self.carbs() > 0.0 {
                text += &format!(" and {} g", rounded(self.carbs(), 0));
            }
            text += ",";
        }
        if others > 0 {
            let and = if boluses > 0 { " and " } else { "" };
            text += &format!(
                "{and}{}",
                counted(others, "other document", "other documents")
            );
        }
        let verb = if all == 1 { "stands" } else { "stand" };
        format!("{text} {verb} twice on the site")
    }

    /// What the owner should know and do, in a few sentences; `None` where nothing stands there twice.
    pub(crate) fn warning(&self, zone: Tz) -> Option<String> {
        let written = self.0.keys().filter_map(ObjectId::written_at).max();
        let last = written.map_or(String::new(), |written| {
            format!(", last at {}", local_minute(written, zone))
        });
        let first = self.0.values().filter_map(|noted| noted.at).min();
        let since = first.map_or(String::new(), |first| {
            format!(" --start-date {}", local_date(zone, first))
        });
        (!self.is_empty()).then(|| {
            format!(
                "{}: tconnectsync, the old app, wrote them too{last}. Stop it if it still runs ({WHERE_IT_RUNS}), then look at \
                 what tconnectsync-heroku --remove-doubles{since} would remove",
                self.in_words()
            )
        })
    }

    /// The same for the JSON summary; `null` where nothing stands there twice.
    pub(crate) fn to_json(&self) -> Value {
        if self.is_empty() {
            return Value::Null;
        }
        json!({
            "documents": self.0.len(),
            "boluses": self.boluses(),
            "insulin_units": rounded(self.insulin(), 3),
            "carbs_grams": rounded(self.carbs(), 3),
            "written_by": "tconnectsync",
        })
    }
}
