//! From a pump's logs as text to the documents as text, without any service: what any text at all has to survive. The fuzz
//! target and the property tests share it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tconnectsync_heroku::config::{Feature, FeatureSet, PumpSerial};
use tconnectsync_heroku::nightscout::GlucoseUnits;
use tconnectsync_heroku::nightscout::document::{Conventions, Existing};
use tconnectsync_heroku::pump::clock::{Evidence, PumpClock, Remembered};
use tconnectsync_heroku::pump::decode::Decoded;
use tconnectsync_heroku::reconcile::reconcile;
use tconnectsync_heroku::tandem::PumpLogs;
use tconnectsync_heroku::translate::{self, History, TranslateOptions};

/// How many documents the logs make; `None` where they are no logs.
pub fn documents(json: &[u8], zone: Tz, now: DateTime<Utc>) -> Option<usize> {
    let logs = PumpLogs::from_json(json);
    let decoded = Decoded::from_logs(logs).ok()?;
    let evidence = Evidence {
        newest: decoded.events.last().map(|event| event.pump_time),
        last_upload: Some(now),
        upload_is_certain: true,
        now,
    };
    let clock = PumpClock::judge(zone, &decoded.clock_changes, &evidence);
    let day = chrono::Duration::days(1);
    clock.other_days((now - day, now), (now.date_naive(), now.date_naive()));
    let events = clock.date(decoded.events);
    let remembered: Vec<Remembered> = events
        .iter()
        .map(|dated| Remembered {
            id: dated.event.id,
            reading: dated.event.pump_time.reading(),
            at: dated.at - day,
            is_entry: false,
        })
        .collect();
    clock.doubtful_from(&remembered, &events, now, now);
    let names: Vec<String> = Feature::ALL.iter().map(ToString::to_string).collect();
    let features = FeatureSet::parse(&names.join(",")).ok()?;
    let options = TranslateOptions {
        features: &features,
        ignore_zero_unit_basal: false,
        written_until: now,
    };
    let serial = PumpSerial::new("90001234")?;
    let history = History {
        serial: &serial,
        events: &events,
    };
    for entry in translate::cgm::entries(&history) {
        entry.to_json(zone);
    }
    if let Some(state) = translate::device_status::newest(&history, &features) {
        state.to_json(zone);
    }
    let wanted = translate::treatments(&history, &options);
    let conventions = Conventions {
        zone,
        units: GlucoseUnits::Mmol,
    };
    let stored: Vec<Existing> = wanted
        .iter()
        .map(|treatment| Existing::from_document(treatment.to_json(conventions)))
        .collect();
    let count = wanted.len();
    let plan = reconcile(wanted, &stored, conventions);
    assert!(plan.create.is_empty(), "what is there is written again");
    Some(count)
}
