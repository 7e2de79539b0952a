//! What is done about a clock that two rules fit: other uploaders' glucose is asked for, and only then; without any,
//! documents wait.

mod abroad;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc};
use serde_json::json;
use tconnectsync_heroku::config::PumpSerial;
use tconnectsync_heroku::nightscout::document::{ENTERED_BY, Identity, Subject};
use tconnectsync_heroku::nightscout::entry::{Entry, ExistingEntry};
use tconnectsync_heroku::pump::clock::{DatedEvent, Remembered, Sighting};
use tconnectsync_heroku::pump::dating::{self, About, Dated, Days, Sources};
use tconnectsync_heroku::pump::decode::Decoded;
use tconnectsync_heroku::pump::event::{Detail, Event, EventId, Signal, TimeChanged};
use tconnectsync_heroku::pump::quantity::{MgDl, PumpTime};
use tconnectsync_heroku::reconcile::entries::missing;

use crate::arrangement::Arrangement;
use crate::simulator::history::{ClockStory, Feature, Features, History, Plan, Step};

fn utc(month: u32, day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, month, day, hour, minute, 0)
        .single()
        .expect("an instant")
}

/// How often entries were asked for since it was last looked.
fn entries_asked_for(arrangement: &Arrangement) -> usize {
    let requests = arrangement.nightscout.requests();
    arrangement.nightscout.clear_requests();
    requests
        .iter()
        .filter(|request| request.path.contains("entries"))
        .count()
}

#[test]
fn entries_are_asked_for_only_in_doubt() {
    let moved = utc(5, 15, 18, 0);
    let plan = Plan::days(81, 4)
        .with_clock(ClockStory::Steps(vec![Step {
            at: moved,
            shift: -3 * 3600,
            recorded: true,
        }]))
        .with_features(Features::only(&[
            Feature::Basal,
            Feature::Meals,
            Feature::Cgm,
        ]));
    let history = History::generate(&plan);
    let arrangement = Arrangement::of(history);
    let asked = |now: DateTime<Utc>| {
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(12), &[]);
        entries_asked_for(&arrangement)
    };
    let start = plan.start;
    assert_eq!(
        asked(start + Duration::hours(20)),
        1,
        "nothing is written yet"
    );
    assert_eq!(asked(start + Duration::hours(24)), 0);
    assert_eq!(asked(start + Duration::hours(30)), 0);
    assert_eq!(asked(moved + Duration::hours(1)), 1, "the clock was moved");
    for hours in [10, 20] {
        asked(moved + Duration::hours(hours));
    }
    assert_eq!(asked(moved + Duration::hours(30)), 0, "that is settled");
}

/// Nothing but what a test gives.
struct Given {
    remembered: Vec<Remembered>,
}

impl Sources for Given {
    fn events(&mut self, _: NaiveDate, _: NaiveDate) -> anyhow::Result<Decoded> {
        Ok(Decoded::default())
    }

    fn remembered(&mut self, _: &[DatedEvent]) -> Vec<Remembered> {
        self.remembered.clone()
    }

    fn sightings_and_events(
        &mut self,
        _: (DateTime<Utc>, DateTime<Utc>),
        _: &[(NaiveDate, NaiveDate)],
    ) -> anyhow::Result<(Vec<Sighting>, Vec<Decoded>)> {
        Ok((Vec::new(), Vec::new()))
    }
}

fn id(number: i64) -> EventId {
    EventId { group: 0, number }
}

fn reading(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("well formed")
}

/// A clock in New York at the winter's offset until half past one on the night of the zone's change, when the phone left
/// the pump; and then from four by the pump's clock on.
fn night(newest: &str, last_upload: DateTime<Utc>, now: DateTime<Utc>) -> Dated {
    let mut shown = every_five_minutes("2026-03-07 20:00", "2026-03-08 01:30");
    shown.extend(every_five_minutes("2026-03-08 04:00", newest));
    let decoded = Decoded {
        events: events_of((1..).zip(shown)),
        ..Decoded::default()
    };
    let remembered = decoded
        .events
        .iter()
        .filter(|event| event.pump_time.reading() <= reading("2026-03-08 01:30"));
    let remembered = remembered.map(|event| Remembered {
        id: event.id,
        reading: event.pump_time.reading(),
        at: event.pump_time.reading().and_utc() + Duration::hours(5),
        is_entry: false,
    });
    let mut given = Given {
        remembered: remembered.collect(),
    };
    let about = About {
        zone: chrono_tz::America::New_York,
        newest: Some(reading(newest)),
        last_upload: Some(last_upload),
        now,
        trusts_zone: false,
    };
    dating::date(&about, &last_day(now), decoded, None, &mut given).expect("nothing can fail")
}

#[test]
fn what_may_be_an_hour_off_waits_for_three_hours() {
    // By either offset the newest event is hours older than its upload.
    let upload = utc(3, 8, 11, 10);
    let dated = night("2026-03-08 04:30", upload, upload + Duration::minutes(2));
    let doubt = dated.doubt.expect("two offsets fit");
    assert_eq!(doubt.offsets, (Duration::hours(-4), Duration::hours(-5)));
    assert_eq!(doubt.until, utc(3, 8, 12, 0));
    assert_eq!(doubt.events.len(), 7, "what came after the change");
    // Three hours later the more likely one is taken.
    let later = night("2026-03-08 04:30", upload, utc(3, 8, 12, 1));
    assert_eq!(later.doubt, None);
    // An upload with the newest events settles it.
    for (newest, upload, offset) in [
        ("2026-03-08 06:05", utc(3, 8, 11, 7), 5),
        ("2026-03-08 07:05", utc(3, 8, 11, 7), 4),
    ] {
        let dated = night(newest, upload, upload + Duration::minutes(2));
        assert_eq!(dated.doubt, None, "{newest}");
        let last = dated.events.last().expect("events");
        assert_eq!(
            last.at,
            reading(newest).and_utc() + Duration::hours(offset),
            "{newest}"
        );
        assert_eq!(dated.events[0].at, utc(3, 8, 1, 0), "{newest}");
    }
}

#[test]
fn a_reading_that_stands_where_it_does_not_belong_keeps_no_other_away() {
    let serial = PumpSerial::new("90001234").expect("a serial number");
    let at = utc(5, 14, 12, 0);
    let entry = |number: i64, at: DateTime<Utc>| Entry {
        identity: Identity::new(&serial, Subject::Reading, id(number), &[]),
        at,
        glucose: MgDl(120),
        direction: None,
    };
    let stored = |entry: &Entry, at: DateTime<Utc>| {
        let document = json!({
            "type": "sgv", "sgv": 120, "date": at.timestamp_millis(), "device": ENTERED_BY,
            "identifier": entry.identity.identifier.to_string(),
        });
        let document = document.as_object().expect("an object");
        ExistingEntry::from_document(document).expect("an entry")
    };
    let near = at + Duration::seconds(10);
    let misplaced = entry(1, at - Duration::hours(1));
    let plan = missing(
        vec![misplaced.clone(), entry(2, near)],
        &[stored(&misplaced, at)],
    );
    let created: Vec<DateTime<Utc>> = plan.create.iter().map(|entry| entry.at).collect();
    assert_eq!((created, plan.already), (vec![near], 1));
    // One in its place does.
    let placed = entry(1, at);
    let plan = missing(vec![placed.clone(), entry(2, near)], &[stored(&placed, at)]);
    assert!(plan.create.is_empty());
}

#[test]
fn a_corrected_time_zone_is_not_outweighed_by_what_was_written_with_the_wrong_one() {
    let plan = Plan::days(82, 3).with_features(Features::only(&[Feature::Basal, Feature::Meals]));
    let history = History::generate(&plan);
    let mut arrangement = Arrangement::of(history.clone());
    // Everything looks six hours late, which contradicts nothing. Somebody insists.
    arrangement.set("TIMEZONE_NAME", "Europe/Berlin");
    arrangement.set("TCONNECTSYNC_HEROKU_TRUST_TIMEZONE", "true");
    let now = plan.start + Duration::hours(40);
    for hours in [0, 4] {
        let now = now + Duration::hours(hours);
        arrangement.tandem.set_uploaded_until(now);
        arrangement.good_pass(now + Duration::minutes(12), &[]);
    }
    let off = |arrangement: &Arrangement| {
        let documents = arrangement.nightscout.treatments();
        let off = documents.iter().filter(|document| {
            let at = document["created_at"].as_str().expect("a time");
            let at = DateTime::parse_from_rfc3339(at)
                .expect("well formed")
                .to_utc();
            let events = document["pump_event_id"].as_str().expect("ours");
            let main = events
                .split(',')
                .next()
                .expect("one")
                .parse()
                .expect("a number");
            (at - history.instant_of(main).expect("an event")).abs() > Duration::seconds(1)
        });
        off.count()
    };
    assert!(off(&arrangement) > 100);
    arrangement.set("TIMEZONE_NAME", "America/New_York");
    arrangement.good_pass(now + Duration::hours(4) + Duration::minutes(20), &[]);
    assert_eq!(off(&arrangement), 0);
}

/// What the pump's clock showed every five minutes between two moments.
fn every_five_minutes(from: &str, to: &str) -> Vec<NaiveDateTime> {
    let (from, to) = (reading(from), reading(to));
    let all = (0..).map(|index| from + Duration::minutes(5 * index));
    all.take_while(|at| *at <= to).collect()
}

/// Events that tell of nothing but what the pump's clock showed.
fn events_of(shown: impl IntoIterator<Item = (i64, NaiveDateTime)>) -> Vec<Event> {
    let events = shown.into_iter().map(|(number, shown)| Event {
        id: id(number),
        pump_time: PumpTime::new(shown),
        detail: Detail::AlertActivated(Signal { id: 0 }),
    });
    events.collect()
}

/// The events of a clock in New York, in the order of what it showed, and how they are dated where this is remembered.
fn dated_knowing(
    shown: &[NaiveDateTime],
    remembered: Vec<Remembered>,
    now: DateTime<Utc>,
) -> Dated {
    dated_by((shown, Vec::new()), remembered, now)
}

/// The same where its settings are on record too.
fn dated_by(
    (shown, changes): (&[NaiveDateTime], Vec<Event>),
    remembered: Vec<Remembered>,
    now: DateTime<Utc>,
) -> Dated {
    let events = (1..).zip(shown.iter().copied()).collect();
    let about = about(shown.last().copied(), now - Duration::minutes(2));
    dated_as((events, changes), remembered, &about)
}

/// What an account says of a pump from New York, two minutes after its upload.
fn about(newest: Option<NaiveDateTime>, last_upload: DateTime<Utc>) -> About {
    About {
        zone: chrono_tz::America::New_York,
        newest,
        last_upload: Some(last_upload),
        now: last_upload + Duration::minutes(2),
        trusts_zone: false,
    }
}

/// The same with what the account says.
fn dated_as(
    (events, clock_changes): (Vec<(i64, NaiveDateTime)>, Vec<Event>),
    remembered: Vec<Remembered>,
    about: &About,
) -> Dated {
    let decoded = Decoded {
        events: events_of(events),
        clock_changes,
        ..Decoded::default()
    };
    let days = last_day(about.now);
    dating::date(about, &days, decoded, None, &mut Given { remembered }).expect("nothing can fail")
}

/// The days of an ordinary run.
fn last_day(now: DateTime<Utc>) -> Days {
    Days {
        first: now.date_naive() - chrono::Days::new(2),
        last: now.date_naive() + chrono::Days::new(1),
        start: now - Duration::hours(24),
        end: now + Duration::minutes(10),
    }
}

/// A document of an event at an offset from UTC in minutes.
fn document(number: i64, shown: NaiveDateTime, offset: i64, is_entry: bool) -> Remembered {
    Remembered {
        id: id(number),
        reading: shown,
        at: shown.and_utc() - Duration::minutes(offset),
        is_entry,
    }
}

/// The documents, at an offset in minutes, of all events that show this.
fn at_offset(shown: &[NaiveDateTime], offset: i64) -> Vec<Remembered> {
    let documents = (1..)
        .zip(shown)
        .map(|(number, shown)| document(number, *shown, offset, false));
    documents.collect()
}

#[test]
fn a_treatment_or_two_that_somebody_moved_do_not_outweigh_all_entries() {
    let shown = every_five_minutes("2026-06-10 00:00", "2026-06-10 20:00");
    for moved in [&[100][..], &[100, 150], &[240]] {
        let remembered = (1..).zip(&shown).map(|(number, shown)| {
            let is_moved = moved.contains(&number);
            let offset = if is_moved { -210 } else { -240 };
            document(number, *shown, offset, !is_moved)
        });
        // The upload came hours after the newest event, and tells nothing.
        let dated = dated_knowing(&shown, remembered.collect(), utc(6, 11, 3, 0));
        let last = dated.events.last().expect("events");
        assert_eq!(last.at, utc(6, 11, 0, 0), "{moved:?}");
    }
}

#[test]
fn entries_after_the_newest_treatment_tell_whether_the_clock_followed_its_zone() {
    // The zone went from -4 to -5 hours at 06:00 UTC, while nothing was recorded.
    let mut shown = every_five_minutes("2026-10-31 12:00", "2026-11-01 00:30");
    shown.extend(every_five_minutes("2026-11-01 03:00", "2026-11-01 06:00"));
    for after in [-240, -300] {
        let remembered = (1..).zip(&shown).map(|(number, shown)| {
            let is_after = *shown > reading("2026-11-01 00:30");
            let offset = if is_after { after } else { -240 };
            document(number, *shown, offset, is_after || number % 2 == 0)
        });
        let dated = dated_knowing(&shown, remembered.collect(), utc(11, 1, 14, 0));
        let last = dated.events.last().expect("events");
        assert_eq!(last.at, utc(11, 1, 6, 0) - Duration::minutes(after));
        assert_eq!(dated.doubt, None);
    }
}

#[test]
fn entries_at_a_wrong_time_which_nothing_moves_send_no_run_further_back() {
    use tconnectsync_heroku::pump::clock::{Evidence, PumpClock};
    let shown = every_five_minutes("2026-06-10 00:00", "2026-06-10 20:00");
    let now = utc(6, 11, 0, 10);
    let evidence = Evidence {
        newest: shown.last().map(|shown| PumpTime::new(*shown)),
        last_upload: Some(now),
        upload_is_certain: true,
        now,
    };
    let clock = PumpClock::judge(chrono_tz::America::New_York, &[], &evidence);
    let events = clock.date(events_of((1..).zip(shown.clone())));
    let from = |is_wrong: fn(bool) -> bool| {
        let remembered = (1..).zip(&shown).map(|(number, shown)| {
            let is_entry = number % 2 == 0;
            document(
                number,
                *shown,
                if is_wrong(is_entry) { -300 } else { -240 },
                is_entry,
            )
        });
        let remembered: Vec<Remembered> = remembered.collect();
        clock.doubtful_from(&remembered, &events, now - Duration::hours(24), now)
    };
    assert_eq!(from(|is_entry| is_entry), None);
    assert!(
        from(|is_entry| !is_entry).is_some(),
        "treatments can be moved"
    );
}

/// In New York, never moved. The phone was away when the zone changed, and what came late was written by a guess.
#[test]
fn a_guess_after_three_hours_gives_way_to_the_next_upload() {
    for guessed in [3, 7] {
        let mut shown = every_five_minutes("2026-03-07 12:00", "2026-03-08 01:30");
        let known = shown.len();
        shown.extend(every_five_minutes("2026-03-08 04:00", "2026-03-08 07:25"));
        let documents = (1..)
            .zip(&shown)
            .take(known + guessed)
            .map(|(number, shown)| {
                let is_guess = number > i64::try_from(known).expect("few");
                document(number, *shown, if is_guess { -240 } else { -300 }, false)
            });
        let dated = dated_knowing(&shown, documents.collect(), utc(3, 8, 12, 29));
        let last = dated.events.last().expect("events");
        assert_eq!(last.at, utc(3, 8, 12, 25), "{guessed}");
    }
}

/// It was set back by three hours at noon. Whether the account says what it showed last or the greatest time that it showed,
/// its uploads are right before what it wrote last.
#[test]
fn a_clock_that_was_set_back_is_known_whatever_the_account_means_by_its_newest_event() {
    let mut shown = every_five_minutes("2026-06-10 08:00", "2026-06-10 12:00");
    let set = i64::try_from(shown.len()).expect("few") + 1;
    shown.extend(every_five_minutes("2026-06-10 09:05", "2026-06-10 12:40"));
    let changes = vec![Event {
        id: id(set),
        pump_time: PumpTime::new(reading("2026-06-10 12:00")),
        detail: Detail::TimeChanged(TimeChanged {
            prior_ms: 12 * 3_600_000,
            after_ms: 9 * 3_600_000,
        }),
    }];
    let numbers = (1..set).chain(set + 1..);
    let events: Vec<(i64, NaiveDateTime)> = numbers.zip(shown).collect();
    for until in [20, 40] {
        // It was abroad before, at three hours from home.
        let events = events.iter().take(events.len() - 8 + until / 5);
        let events: Vec<(i64, NaiveDateTime)> = events.copied().collect();
        let last = events[events.len() - 1].1;
        let truly = last.and_utc() + Duration::hours(4);
        let greatest = events.iter().map(|(_, shown)| *shown).max();
        for newest in [Some(last), greatest] {
            let about = about(newest, truly + Duration::minutes(2));
            let dated = dated_as((events.clone(), changes.clone()), Vec::new(), &about);
            let found = dated.events.last().expect("events").at;
            assert_eq!((found, dated.doubt), (truly, None), "{newest:?}");
        }
    }
}

#[test]
fn an_event_that_shows_a_second_less_than_the_one_before_leaves_the_upload_certain() {
    let mut events: Vec<(i64, NaiveDateTime)> = (1..)
        .zip(every_five_minutes("2026-06-10 12:00", "2026-06-10 14:00"))
        .collect();
    let newest = events[events.len() - 1].1;
    events.push((90, newest - Duration::seconds(2)));
    let dated = dated_as(
        (events, Vec::new()),
        Vec::new(),
        &about(Some(newest), utc(6, 10, 13, 2)),
    );
    assert_eq!(dated.events[0].at, utc(6, 10, 11, 0));
}
