//! The pump's profiles in the site's profile store.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{EVERYTHING, afterwards, arrange};
use crate::arrangement::{Arrangement, without_ids};
use crate::pass::text;
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::Nightscout;

fn history() -> History {
    History::generate(&Plan::days(61, 1))
}

/// A pump with two profiles, an empty site, and only this feature; and when to run.
fn start() -> (Arrangement, DateTime<Utc>) {
    let history = history();
    let now = afterwards(&history);
    (arrange(history, "PROFILES"), now)
}

/// The pump comes to have these settings.
fn set_profiles(arrangement: &Arrangement, profiles: Value, active: i64) {
    let settings = json!({"details": {"profiles": {"activeIdp": active, "profile": profiles}}});
    arrangement
        .tandem
        .change_pumps(|pumps| pumps[0].replace = json!({"settings": settings}));
}

fn profile(idp: i64, name: &str, segments: Value) -> Value {
    json!({"idp": idp, "name": name, "insulinDuration": 330, "timeDependentSegments": segments})
}

fn segment(start: i64, basal: i64) -> Value {
    json!({"startTime": start, "basalRate": basal, "carbRatio": 6500, "isf": 45, "targetBg": 110})
}

/// The profile document that the site goes by.
fn current(arrangement: &Arrangement) -> Value {
    let profiles = arrangement.nightscout.profiles();
    let newest = profiles
        .into_iter()
        .max_by_key(|document| text(document, "startDate").to_owned());
    newest.expect("a profile")
}

/// A schedule as time and value.
fn schedule(values: &Value) -> Vec<(&str, f64)> {
    let values = values.as_array().expect("a list");
    values
        .iter()
        .map(|entry| {
            (
                text(entry, "time"),
                entry["value"].as_f64().expect("a number"),
            )
        })
        .collect()
}

#[test]
fn all_profiles_go_up_with_the_active_one_named() {
    let (arrangement, now) = start();
    set_profiles(
        &arrangement,
        json!([
            profile(0, "Everyday", json!([segment(0, 800), segment(390, 1125)])),
            profile(3, "Sport", json!([segment(0, 700)])),
        ]),
        3,
    );
    let outcome = arrangement.good_pass(now, &[]);
    insta::assert_json_snapshot!(without_ids(arrangement.nightscout.profiles()), @r#"
    [
      {
        "created_at": "2026-05-15T04:12:00.000Z",
        "defaultProfile": "Sport",
        "enteredBy": "Pump (tconnectsync)",
        "identifier": "5eee7a34-8169-5c6c-a08c-793e66ac5e18",
        "startDate": "2026-05-15T04:12:00.000Z",
        "store": {
          "Everyday": {
            "basal": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 0.8
              },
              {
                "time": "06:30",
                "timeAsSeconds": 23400,
                "value": 1.125
              }
            ],
            "carbratio": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 6.5
              },
              {
                "time": "06:30",
                "timeAsSeconds": 23400,
                "value": 6.5
              }
            ],
            "carbs_hr": 20,
            "delay": 20,
            "dia": 5.5,
            "sens": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 45
              },
              {
                "time": "06:30",
                "timeAsSeconds": 23400,
                "value": 45
              }
            ],
            "startDate": "1970-01-01T00:00:00.000Z",
            "target_high": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 110
              },
              {
                "time": "06:30",
                "timeAsSeconds": 23400,
                "value": 110
              }
            ],
            "target_low": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 110
              },
              {
                "time": "06:30",
                "timeAsSeconds": 23400,
                "value": 110
              }
            ],
            "timezone": "America/New_York",
            "units": "mg/dl"
          },
          "Sport": {
            "basal": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 0.7
              }
            ],
            "carbratio": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 6.5
              }
            ],
            "carbs_hr": 20,
            "delay": 20,
            "dia": 5.5,
            "sens": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 45
              }
            ],
            "startDate": "1970-01-01T00:00:00.000Z",
            "target_high": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 110
              }
            ],
            "target_low": [
              {
                "time": "00:00",
                "timeAsSeconds": 0,
                "value": 110
              }
            ],
            "timezone": "America/New_York",
            "units": "mg/dl"
          }
        },
        "units": "mg/dl"
      }
    ]
    "#);
    let summary = outcome.report.summary();
    assert!(summary.starts_with("Uploaded 1 Profile. "), "{summary}");
    arrangement.writes_nothing_more(now + Duration::hours(1), &[]);
}

#[test]
fn a_site_in_mmol_gets_sensitivities_and_targets_in_mmol() {
    let history = history();
    let now = afterwards(&history);
    let nightscout = Nightscout::with(|settings| settings.mmol = true);
    let mut arrangement = Arrangement::with(history, nightscout);
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "PROFILES");
    set_profiles(
        &arrangement,
        json!([profile(0, "A", json!([segment(0, 800)]))]),
        0,
    );
    arrangement.good_pass(now, &[]);
    let document = current(&arrangement);
    let profile = &document["store"]["A"];
    assert_eq!(
        (text(&document, "units"), text(profile, "units")),
        ("mmol", "mmol")
    );
    assert_eq!(schedule(&profile["sens"]), [("00:00", 2.5)]);
    assert_eq!(schedule(&profile["target_low"]), [("00:00", 6.11)]);
    assert_eq!(profile["target_low"], profile["target_high"]);
    // These have no glucose in them.
    assert_eq!(schedule(&profile["carbratio"]), [("00:00", 6.5)]);
    assert_eq!(schedule(&profile["basal"]), [("00:00", 0.8)]);
    arrangement.writes_nothing_more(now, &[]);
}

#[test]
fn unused_segments_are_left_out_and_rates_of_zero_are_not() {
    let unused = json!({"startTime": 0, "basalRate": 0, "carbRatio": 0, "targetBg": 0, "isf": 0});
    let (arrangement, now) = start();
    set_profiles(
        &arrangement,
        json!([
            profile(
                0,
                "padded",
                json!([segment(0, 800), segment(720, 0), unused, unused])
            ),
            profile(1, "morning off", json!([unused, segment(720, 500)])),
            profile(
                2,
                "from six",
                json!([segment(360, 600), segment(1200, 900)])
            ),
            profile(3, "empty", json!([unused])),
        ]),
        0,
    );
    arrangement.good_pass(now, &[]);
    let document = current(&arrangement);
    let basal = |name: &str| schedule(&document["store"][name]["basal"]).to_vec();
    assert_eq!(basal("padded"), [("00:00", 0.8), ("12:00", 0.0)]);
    assert_eq!(basal("morning off"), [("00:00", 0.0), ("12:00", 0.5)]);
    // The day begins with what the day before ended with.
    assert_eq!(
        basal("from six"),
        [("00:00", 0.9), ("06:00", 0.6), ("20:00", 0.9)]
    );
    let sens = &document["store"]["morning off"]["sens"];
    assert_eq!(schedule(sens), [("00:00", 45.0), ("12:00", 45.0)]);
    assert!(document["store"]["empty"].is_null());
}

#[test]
fn names_lose_what_the_html_filter_would_cut() {
    let (arrangement, now) = start();
    let segments = || json!([segment(0, 800)]);
    set_profiles(
        &arrangement,
        json!([
            profile(0, "<b>Sick", segments()),
            profile(1, "b>Sick", segments()),
            profile(2, " ", segments())
        ]),
        1,
    );
    arrangement.good_pass(now, &[]);
    let document = current(&arrangement);
    let names: Vec<&String> = document["store"]
        .as_object()
        .expect("a store")
        .keys()
        .collect();
    assert_eq!(names, ["Unnamed", "b>Sick", "b>Sick (2)"]);
    assert_eq!(text(&document, "defaultProfile"), "b>Sick (2)");
}

#[test]
fn texts_for_numbers_and_another_order_of_keys_are_no_difference() {
    let (arrangement, now) = start();
    set_profiles(
        &arrangement,
        json!([profile(
            0,
            "A",
            json!([segment(0, 800), segment(390, 1000)])
        )]),
        0,
    );
    let entries = |values: [&str; 2]| json!([{"value": values[0], "time": "00:00"}, {"value": values[1], "time": "6:30", "timeAsSeconds": "23400"}]);
    arrangement.nightscout.insert_profile(json!({
        "startDate": "2026-01-01T00:00:00.000Z", "defaultProfile": "A",
        "store": {"A": {
            "units": "mg/dL", "timezone": "America/New_York", "delay": "20", "carbs_hr": "20.0", "dia": "5.5",
            "target_high": entries(["110", "110"]), "target_low": entries(["110.0", "110"]),
            "sens": entries(["45", "45"]), "carbratio": entries(["6.5", "6.50"]), "basal": entries(["0.8", "1"]),
        }},
    }));
    let outcome = arrangement.good_pass(now, &[]);
    assert_eq!(
        arrangement.nightscout.writes(),
        0,
        "{}",
        outcome.report.summary()
    );
    assert_eq!(outcome.report.uploads.total(|tally| tally.already), 1);
}

/// A profile document that others have been at: Loop's settings, a profile made by hand, a key within ours.
fn of_others(start_date: &str) -> Value {
    json!({
        "startDate": start_date, "defaultProfile": "by hand", "units": "mg/dl", "mills": 5,
        "loopSettings": {"dosingEnabled": true},
        "store": {"by hand": {"dia": 4}, "A": {"dia": 3, "note": "ours", "timezone": "Asia/Tokyo"}},
    })
}

#[test]
fn a_difference_adds_a_document_that_keeps_what_others_wrote() {
    let (arrangement, now) = start();
    set_profiles(
        &arrangement,
        json!([profile(0, "A", json!([segment(0, 800)]))]),
        0,
    );
    arrangement
        .nightscout
        .insert_profile(of_others("2026-01-01T00:00:00.000Z"));
    arrangement.good_pass(now, &[]);
    let all = arrangement.nightscout.profiles();
    assert_eq!(all.len(), 2);
    assert_eq!(text(&all[0], "defaultProfile"), "by hand");
    let added = current(&arrangement);
    assert_eq!(
        text(&added, "startDate"),
        now.to_rfc3339_opts(SecondsFormat::Millis, true)
    );
    assert_eq!(text(&added, "defaultProfile"), "A");
    assert_eq!(added["loopSettings"], json!({"dosingEnabled": true}));
    assert_eq!(added["store"]["by hand"], json!({"dia": 4}));
    assert_eq!(added["store"]["A"]["note"], "ours");
    assert_eq!(added["store"]["A"]["dia"], 5.5);
    assert!(added["mills"].is_null(), "{added}");
    assert_ne!(added["_id"], all[0]["_id"]);
}

#[test]
fn on_demand_the_document_is_replaced_instead() {
    let (mut arrangement, now) = start();
    arrangement.set("NIGHTSCOUT_PROFILE_UPLOAD_MODE", "replace");
    set_profiles(
        &arrangement,
        json!([profile(0, "A", json!([segment(0, 800)]))]),
        0,
    );
    // The first one is added: there is nothing to replace.
    arrangement.good_pass(now, &[]);
    assert_eq!(arrangement.nightscout.profiles().len(), 1);
    let id = current(&arrangement)["_id"].clone();
    set_profiles(
        &arrangement,
        json!([profile(0, "A", json!([segment(0, 950)]))]),
        0,
    );
    let outcome = arrangement.good_pass(now + Duration::hours(1), &[]);
    assert_eq!(outcome.report.uploads.total(|tally| tally.updated), 1);
    assert_eq!(arrangement.nightscout.profiles().len(), 1);
    let replaced = current(&arrangement);
    assert_eq!(replaced["_id"], id);
    assert_eq!(
        schedule(&replaced["store"]["A"]["basal"]),
        [("00:00", 0.95)]
    );
    arrangement.writes_nothing_more(now + Duration::hours(2), &[]);
}

#[test]
fn an_added_document_becomes_the_current_one_whatever_the_last_ones_date() {
    for start_date in [
        "2026-05-16T07:00:00.000000+02:00",
        "2030-01-01T00:00:00.000Z",
        "soon",
    ] {
        let (arrangement, now) = start();
        set_profiles(
            &arrangement,
            json!([profile(0, "A", json!([segment(0, 800)]))]),
            0,
        );
        arrangement.nightscout.insert_profile(of_others(start_date));
        arrangement.good_pass(now, &[]);
        let writes = arrangement.nightscout.writes();
        assert_eq!(writes, 1, "{start_date}");
        assert_eq!(
            text(&current(&arrangement), "defaultProfile"),
            "A",
            "{start_date}"
        );
        arrangement.good_pass(now, &[]);
        assert_eq!(arrangement.nightscout.writes(), writes, "{start_date}");
    }
}

#[test]
fn profiles_come_from_the_newest_pump_or_from_the_chosen_one() {
    let history = history();
    let now = afterwards(&history);
    let mut arrangement = arrange(history, "PROFILES");
    let pump = |serial: &str, uploaded: &str, name: &str| {
        let settings = json!({"details": {"profiles": {
            "activeIdp": 0, "profile": [profile(0, name, json!([segment(0, 800)]))],
        }}});
        json!({
            "assignmentId": format!("a-{serial}"), "serialNumber": serial, "lastUploadDate": uploaded,
            "maxDateOfEvents": null, "settings": settings,
        })
    };
    let never = json!({"assignmentId": "a-3", "serialNumber": "333333", "lastUploadDate": null, "settings": null});
    arrangement.tandem.serve_pumper(json!({"pumps": [
        pump("111111", "2026-05-01T00:00:00Z", "old"),
        pump("222222", "2026-05-15T00:00:00Z", "new"),
        never,
    ]}));
    arrangement
        .tandem
        .serve_pump_logs(json!({"events": [], "clockChanges": []}));
    arrangement.good_pass(now, &[]);
    assert_eq!(text(&current(&arrangement), "defaultProfile"), "new");
    arrangement.set("PUMP_SERIAL_NUMBER", "111111");
    arrangement.good_pass(now + Duration::hours(1), &[]);
    assert_eq!(text(&current(&arrangement), "defaultProfile"), "old");
}

/// A phone that goes on uploading of a pump without events, as has been captured, makes it no pump in use.
#[test]
fn profiles_come_from_the_pump_with_events_whichever_uploaded_last() {
    let history = history();
    let now = afterwards(&history);
    let arrangement = arrange(history, "PROFILES");
    let pump = |serial: &str, uploaded: &str, newest: &str, name: &str| {
        let settings = json!({"details": {"profiles": {
            "activeIdp": 0, "profile": [profile(0, name, json!([segment(0, 800)]))],
        }}});
        json!({
            "assignmentId": format!("a-{serial}"), "serialNumber": serial, "lastUploadDate": uploaded,
            "maxDateOfEvents": newest, "settings": settings,
        })
    };
    let logs = json!({"events": [], "clockChanges": []});
    arrangement.tandem.serve_pump_logs(logs);
    let runs = [
        (0, "2026-05-15T00:00:00Z", "2026-05-14T20:28:00"),
        (30, "2026-05-15T01:00:00Z", "2026-05-14T20:28:00"),
        // Nonsense, as has been seen, is no reason to take it for the older one.
        (60, "2026-02-16T23:00:00Z", "2099-01-01T00:00:00"),
    ];
    for (minutes, old_uploaded, newest) in runs {
        arrangement.tandem.serve_pumper(json!({"pumps": [
            pump("111111", old_uploaded, "2026-02-16T22:45:58", "old"),
            pump("222222", "2026-05-15T00:30:00Z", newest, "worn"),
        ]}));
        arrangement.good_pass(now + Duration::minutes(minutes), &[]);
        assert_eq!(text(&current(&arrangement), "defaultProfile"), "worn");
        assert_eq!(arrangement.nightscout.profiles().len(), 1);
    }
}

#[test]
fn settings_that_say_nothing_are_named_and_write_nothing() {
    let broken = [
        Value::Null,
        json!({}),
        json!({"details": {"profiles": {"activeIdp": 0, "profile": []}}}),
        json!({"details": {"profiles": {"activeIdp": 7, "profile": [profile(0, "A", json!([segment(0, 800)]))]}}}),
        json!({"details": {"profiles": {"activeIdp": 0, "profile": [profile(0, "A", json!([]))]}}}),
    ];
    for settings in broken {
        let (arrangement, now) = start();
        let replace = json!({ "settings": settings });
        arrangement
            .tandem
            .change_pumps(|pumps| pumps[0].replace = replace.clone());
        let summary = arrangement.good_pass(now, &[]).report.summary();
        assert!(
            summary.contains("Nothing from the pump for PROFILES."),
            "{summary}"
        );
        assert_eq!(arrangement.nightscout.writes(), 0, "{replace}");
    }
}

#[test]
fn a_run_that_pretends_shows_every_kind_of_document_and_writes_none() {
    let history = history();
    let now = afterwards(&history);
    let arrangement = arrange(history, EVERYTHING);
    let pretended = arrangement.good_pass(now, &["--days", "2", "--pretend"]);
    assert_eq!(arrangement.nightscout.writes(), 0);
    arrangement.good_pass(now, &["--days", "2"]);
    let site = &arrangement.nightscout;
    let written = site.treatments().len()
        + site.entries().len()
        + site.devicestatuses().len()
        + site.profiles().len();
    assert_eq!(pretended.report.uploads.documents.len(), written);
    assert_eq!(
        pretended.report.uploads.total(|tally| tally.created),
        written
    );
}
