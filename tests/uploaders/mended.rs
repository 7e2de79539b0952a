//! `--remove-doubles` and `--restore`: what goes, what stays, and that it can be put back; and who is told.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use tconnectsync_heroku::doubles::{Restored, restore};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::http::{Deadline, RunLimits, Stop};

use super::{Both, assert_boluses_are_true, boluses};
use crate::arrangement::{Arrangement, day_until_now};
use crate::pass::{filed, text};
use crate::simulator::history::Plan;
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tconnectsync::Tconnectsync;

/// A site on which tconnectsync wrote a whole day that was there already.
fn doubled(version: Version) -> (Both, DateTime<Utc>) {
    let both = Both::of(&Plan::day(610), version);
    let end = both.end() + Duration::minutes(25);
    both.run_ours(end, both.end());
    both.run_theirs(end, both.end());
    (both, end)
}

fn put_back(both: &Both, now: DateTime<Utc>, file: &Path) -> Restored {
    let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
    restore(&both.ours.config(now, &[]), &limits, file)
}

#[test]
fn what_is_removed_is_saved_first_and_can_be_put_back() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let (both, now) = doubled(version);
        let before = both.treatments();
        let directory = tempfile::tempdir().expect("a directory");
        let outcome = both.remove_doubles(now, Some(directory.path()));
        assert_boluses_are_true(&both.history.truth, &both.treatments(), "after the removal");
        assert!(
            outcome.before.insulin > outcome.after.insulin + 5.0,
            "{outcome:?}"
        );
        assert!(outcome.before.carbs > outcome.after.carbs, "{outcome:?}");
        assert_eq!(both.ours.nightscout.deletions(), outcome.removed);
        let file = outcome.file.expect("a file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let restored = put_back(&both, now, &file);
        assert!(restored.failure.is_none(), "{:?}", restored.failure);
        assert_eq!(restored.documents, outcome.removed);
        let sorted = |mut documents: Vec<Value>| {
            documents.sort_by_key(|document| text(document, "_id").to_owned());
            documents
        };
        assert_eq!(
            sorted(both.treatments()),
            sorted(before.clone()),
            "{version:?}"
        );
        put_back(&both, now, &file);
        assert_eq!(
            sorted(both.treatments()),
            sorted(before),
            "twice does no harm"
        );
        // The next one gets a file of its own, in the same second too.
        let again = both.remove_doubles(now, Some(directory.path()));
        assert_ne!(again.file, Some(file));
        assert_eq!(
            fs::read_dir(directory.path()).expect("a directory").count(),
            2
        );
    }
}

#[test]
fn only_what_tells_a_pumps_event_again_goes() {
    let (both, now) = doubled(Version::V15_0_7);
    let site = &both.ours.nightscout;
    let is_theirs = |document: &&Value| {
        text(document, "eventType") == "Combo Bolus" && document["identifier"].is_null()
    };
    let theirs: Vec<Value> = both
        .treatments()
        .iter()
        .filter(is_theirs)
        .cloned()
        .collect();
    // A person corrected the carbs of one.
    let mut corrected = theirs[0].clone();
    corrected["carbs"] = json!(99);
    both.ours.edit_treatment(&corrected);
    // And wrote something to another, and to one of another kind.
    let mut with_notes = theirs[2].clone();
    with_notes["notes"] = json!("Pizza, felt low before");
    both.ours.edit_treatment(&with_notes);
    let treatments = both.treatments();
    let of_another_kind = |document: &&Value| {
        let kind = text(document, "eventType");
        !kind.contains("Bolus") && kind != "Temp Basal" && document["identifier"].is_string()
    };
    let another = treatments.iter().find(of_another_kind);
    let mut another = another.expect("one").clone();
    if let Some(fields) = another.as_object_mut() {
        fields.retain(|name, _| !["_id", "identifier"].contains(&name.as_str()));
    }
    another["created_at"] = json!((filed(&another) + Duration::seconds(1)).to_rfc3339());
    another["reason"] = json!("User aborted");
    another["notes"] = json!("User aborted");
    site.insert_treatment(another.clone());
    another["notes"] = json!("Left the pump in the bathroom");
    another["_id"] = site.insert_treatment(another.clone()).into();
    let model = theirs[1].clone();
    let mut others = Vec::new();
    let other = |change: fn(&mut Value)| {
        let mut other = model.clone();
        change(&mut other);
        if let Some(fields) = other.as_object_mut() {
            fields.remove("_id");
        }
        other
    };
    for document in [
        // Of another tool; of a person, with the same words; one that is told again, but of a number of another year.
        other(|doc| doc["enteredBy"] = json!("Loop")),
        other(|doc| doc["pump_event_id"] = json!("")),
        other(|doc| drop(doc.as_object_mut().map(|doc| doc.remove("pump_event_id")))),
        other(|doc| doc["created_at"] = json!("2026-05-11T10:00:00.000Z")),
    ] {
        let mut document = document;
        document["_id"] = site.insert_treatment(document.clone()).into();
        others.push(document);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let outcome = both.remove_doubles(now, Some(directory.path()));
    assert_eq!(outcome.removed, outcome.going().count());
    assert!(
        outcome.going().count() + 3 == outcome.found.len(),
        "the changed ones stay: {outcome:#?}"
    );
    let after = both.treatments();
    for document in others.iter().chain([&corrected, &with_notes, &another]) {
        let same = |found: &&Value| found["_id"] == document["_id"];
        assert!(after.iter().any(|found| same(&found)), "{document}");
    }
    // What stays of ours is as it was.
    let ours = |documents: &[Value]| -> Vec<Value> {
        let with_identifier = documents
            .iter()
            .filter(|document| document["identifier"].is_string());
        with_identifier.cloned().collect()
    };
    let again = both.run_ours(now, both.end());
    assert_eq!(
        again
            .report
            .uploads
            .total(|tally| tally.created + tally.updated),
        0
    );
    assert_eq!(ours(&both.treatments()), ours(&after));
}

#[test]
fn of_two_of_tconnectsyncs_own_the_one_at_the_pumps_time_stays() {
    let plan = Plan::day(611);
    let both = Both::of(&plan, Version::V15_0_7);
    let now = both.end() + Duration::minutes(25);
    // It was run with another zone at first: what it wrote then lies three hours off.
    let abroad = Tconnectsync::new(
        both.history.clone(),
        &both.ours.nightscout,
        chrono_tz::America::Los_Angeles,
    );
    both.ours.nightscout.set_now(now);
    abroad.run(now + Duration::hours(3), both.end() - Duration::hours(6));
    let wrong = both.treatments().len();
    for document in both.treatments() {
        // As if it had been written days ago, so that it does not see it.
        let mut moved = document.clone();
        moved["enteredBy"] = json!("moved");
        both.ours.edit_treatment(&moved);
    }
    both.run_theirs(now, both.end());
    for document in both.treatments() {
        if text(&document, "enteredBy") == "moved" {
            let mut back = document.clone();
            back["enteredBy"] = json!("Pump (tconnectsync)");
            both.ours.edit_treatment(&back);
        }
    }
    let told = boluses(&both.treatments());
    let once: f64 = told.values().map(|told| told.0).sum();
    assert!(once > 1.3 * both.history.truth.bolus_milliunits() as f64);
    let directory = tempfile::tempdir().expect("a directory");
    let outcome = both.remove_doubles(now, Some(directory.path()));
    assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
    assert!(
        outcome.warnings[0].contains("wrote to the site at"),
        "{:?}",
        outcome.warnings
    );
    assert!(
        outcome.removed > 3 && outcome.removed <= wrong,
        "{} of {wrong}",
        outcome.removed
    );
    for document in both.treatments() {
        let Some(number) = text(&document, "pump_event_id").split(',').next() else {
            continue;
        };
        let number = number.parse().expect("a number");
        let at = both.history.instant_of(number).expect("an event");
        let off = (filed(&document) - at).abs();
        assert!(off < Duration::seconds(2), "{document} is {off} off");
    }
}

#[test]
fn without_the_pumps_word_both_of_tconnectsyncs_own_stay() {
    let both = Both::of(&Plan::day(612), Version::V15_0_7);
    let now = both.end() + Duration::minutes(25);
    for hours in [0, 3] {
        let at = both.end() - Duration::hours(6 + hours);
        both.ours.nightscout.insert_treatment(json!({
            "eventType": "Combo Bolus", "enteredBy": "Pump (tconnectsync)", "insulin": 2, "pump_event_id": "77",
            "created_at": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        }));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let outcome = both.remove_doubles(now, Some(directory.path()));
    assert_eq!((outcome.found.len(), outcome.removed), (1, 0));
    assert_eq!(outcome.file, None, "no file without a removal");
}

#[test]
fn a_file_that_is_no_such_file_puts_nothing_back() {
    let (both, now) = doubled(Version::V15_0_7);
    let directory = tempfile::tempdir().expect("a directory");
    let good = json!({
        "_id": "6b037647fa007d1d112fda60", "eventType": "Combo Bolus", "pump_event_id": "7", "insulin": 2,
        "created_at": "2026-05-14T10:00:00.000Z",
    });
    let without = |name: &str| {
        let mut document = good.clone();
        drop(document.as_object_mut().map(|fields| fields.remove(name)));
        document.to_string()
    };
    let writes = both.ours.nightscout.writes();
    for bad in [
        String::new(),
        "not JSON".to_owned(),
        "[]".to_owned(),
        without("_id"),
        without("eventType"),
        without("created_at"),
        without("pump_event_id"),
        json!({"_id": "*", "eventType": "x", "pump_event_id": "7", "created_at": "2026-05-14"})
            .to_string(),
    ] {
        let file = directory.path().join("file.jsonl");
        fs::write(&file, format!("{good}\n{bad}\n")).expect("a file");
        if bad.is_empty() {
            fs::write(&file, "\n").expect("a file");
        }
        let restored = put_back(&both, now, &file);
        let error = restored.failure.expect("a failure");
        assert_eq!(
            tconnectsync_heroku::failure::status(&error),
            ExitStatus::Configuration,
            "{bad}"
        );
    }
    for place in [
        directory.path().to_owned(),
        directory.path().join("missing"),
    ] {
        assert!(put_back(&both, now, &place).failure.is_some());
    }
    assert_eq!(both.ours.nightscout.writes(), writes);
}

#[test]
fn a_secret_that_may_not_remove_says_so() {
    let (mut both, now) = doubled(Version::V15_0_7);
    let permissions = ["api:treatments:create,read,update", "api:status:read"];
    let token = both.ours.nightscout.add_token("uploader", &permissions);
    both.ours.set("NS_SECRET", &token);
    let directory = tempfile::tempdir().expect("a directory");
    let limits = RunLimits::without_pauses(Deadline::NONE, Stop::new());
    let config = both.ours.config(now, &["--remove-doubles", "--days", "2"]);
    let saving = tconnectsync_heroku::doubles::Saving {
        directory: directory.path(),
        disk_is_lost: false,
    };
    let outcome = tconnectsync_heroku::doubles::remove(&config, now, &limits, Some(saving));
    assert_eq!(
        (outcome.status(), outcome.removed),
        (ExitStatus::CredentialsRejected, 0)
    );
}

/// A day up to now that both programs wrote.
fn doubled_now() -> Arrangement {
    let history = std::sync::Arc::new(day_until_now(613));
    let tandem = crate::simulator::tandem::Tandem::with_history(history.clone());
    let mut ours = Arrangement::joining(tandem, Nightscout::start());
    ours.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUS");
    let now = Utc::now();
    ours.good_pass(now, &[]);
    let theirs = Tconnectsync::new(history, &ours.nightscout, chrono_tz::America::Phoenix);
    theirs.run(now, now);
    ours
}

#[test]
fn a_quiet_run_tells_of_another_uploader_once_a_day_and_any_other_each_time() {
    let ours = doubled_now();
    let home = tempfile::tempdir().expect("a home");
    let quiet = ours.program_at(home.path(), &["-q"]);
    assert!(quiet.log.contains("twice on the site"), "{quiet:?}");
    assert!(
        quiet.log.contains("--remove-doubles --start-date"),
        "{quiet:?}"
    );
    assert_eq!((quiet.status, quiet.out.as_str()), (Some(0), ""));
    quiet.reveals_none_of(&ours.secrets());
    let again = ours.program_at(home.path(), &["-q"]);
    assert_eq!((again.log.as_str(), again.out.as_str()), ("", ""));
    for _ in 0..2 {
        let loud = ours.program_at(home.path(), &["--json"]);
        assert!(loud.log.contains("boluses, "), "{loud:?}");
        let summary: Value = serde_json::from_str(&loud.out).expect("JSON");
        assert!(
            summary["doubles"]["boluses"].as_i64() > Some(1),
            "{summary}"
        );
        assert!(
            summary["doubles"]["insulin_units"].as_f64() > Some(1.0),
            "{summary}"
        );
        assert_eq!(summary["doubles"]["written_by"], "tconnectsync");
    }
    let check = ours.program_at(home.path(), &["--check-login"]);
    assert!(check.out.contains("twice on the site"), "{}", check.out);
    assert!(check.out.contains("--remove-doubles"), "{}", check.out);
}

#[test]
fn the_command_shows_a_table_first_and_removes_on_yes() {
    let ours = doubled_now();
    let home = tempfile::tempdir().expect("a home");
    let before = ours.nightscout.treatments();
    let look = ours.program_at(home.path(), &["--remove-doubles", "--days", "2"]);
    assert_eq!(look.status, Some(0), "{look:?}");
    for words in [
        "Combo Bolus",
        "Bolus insulin",
        "would be",
        "Nothing has been written",
        "--yes",
    ] {
        assert!(look.out.contains(words), "{words} in {}", look.out);
    }
    assert_eq!(ours.nightscout.treatments(), before);
    assert!(!fs::read_dir(home.path()).expect("a home").any(|entry| {
        entry.is_ok_and(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("removed-doubles")
        })
    }));
    let removal = ours.program_at(
        home.path(),
        &["--remove-doubles", "--days", "2", "--yes", "--json"],
    );
    let summary: Value = serde_json::from_str(&removal.out).expect("JSON");
    assert!(summary["removed"].as_u64() > Some(1), "{summary}");
    let file = text(&summary, "file").to_owned();
    let restored = ours.program_at(home.path(), &["--restore", &file]);
    assert_eq!(restored.status, Some(0), "{restored:?}");
    assert_eq!(ours.nightscout.treatments().len(), before.len());
    let nothing = ours.program_at(home.path(), &["--yes"]);
    assert_eq!(nothing.status, Some(2), "{nothing:?}");
    let two = ours.program_at(home.path(), &["--remove-doubles", "--check-login"]);
    assert_eq!(two.status, Some(2), "{two:?}");
}

#[test]
fn on_heroku_the_saved_documents_are_shown_before_they_are_removed() {
    let mut ours = doubled_now();
    ours.set("DYNO", "run.1");
    let removal = ours.program(&["--remove-doubles", "--days", "2", "--yes"]);
    let lines = removal.out.lines().filter(|line| line.starts_with('{'));
    let saved: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(saved.len(), ours.nightscout.deletions());
    assert!(saved.len() > 1, "{removal:?}");

    let mut ours = doubled_now();
    ours.set("DYNO", "run.1");
    let arguments = ["--remove-doubles", "--days", "2", "--yes", "--json"];
    let home = tempfile::tempdir().expect("a home");
    // Standard output that takes nothing, as a lost console.
    #[cfg(target_os = "linux")]
    {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = ours.command(home.path(), &arguments);
        command.stdout(full.expect("Linux has it"));
        let unseen = command.output().expect("the program starts");
        assert_eq!(unseen.status.code(), Some(75), "{unseen:?}");
        assert_eq!(ours.nightscout.deletions(), 0);
    }
    let removal = ours.program_at(home.path(), &arguments);
    let mut lines: Vec<&str> = removal.out.lines().collect();
    let summary = lines.pop().expect("a summary");
    let summary: Value = serde_json::from_str(summary).expect("JSON");
    let removed = ours.nightscout.deletions();
    assert!(removed > 1, "{removal:?}");
    assert_eq!(summary["removed"], removed);
    assert_eq!(lines.len(), removed);
    let copied = home.path().join("copied.jsonl");
    fs::write(&copied, lines.join("\n")).expect("a file");
    let before = ours.nightscout.treatments().len();
    let copied = copied.to_str().expect("a path");
    let restored = ours.program_at(home.path(), &["--restore", copied]);
    assert_eq!(restored.status, Some(0), "{restored:?}");
    assert_eq!(ours.nightscout.treatments().len(), before + removed);
}

#[test]
fn the_check_names_what_tconnectsync_copied_and_this_program_does_not() {
    let history = std::sync::Arc::new(day_until_now(614));
    let tandem = crate::simulator::tandem::Tandem::with_history(history);
    let ours = Arrangement::joining(tandem, Nightscout::start());
    let site = &ours.nightscout;
    let says = |words: &str| ours.program(&["--check-login"]).out.contains(words);
    assert!(!says("PUMP_EVENTS") && !says("PROFILES"));
    let at = (Utc::now() - Duration::days(3)).to_rfc3339_opts(SecondsFormat::Millis, true);
    site.insert_treatment(json!({
        "eventType": "Site Change", "enteredBy": "Pump (tconnectsync)", "pump_event_id": "9", "created_at": at,
    }));
    site.insert_profile(json!({
        "enteredBy": "Pump (tconnectsync)", "startDate": at, "defaultProfile": "Everyday", "store": {},
    }));
    assert!(says("PUMP_EVENTS") && says("PROFILES"));
}
