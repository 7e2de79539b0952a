//! What the pump's calculator used, and glucose, in the terms and units of the site.

use serde_json::{Value, json};

use super::{by_hand, noon_after};
use crate::arrangement::Arrangement;
use crate::pass::by_hand::{event, treatments};
use crate::simulator::nightscout::Nightscout;

/// A bolus of 7.2 U, asked for like this.
fn bolus(first: Value, second: Value, third: Value) -> Vec<Value> {
    let with_id = |mut properties: Value| {
        properties["bolusId"] = 7.into();
        properties
    };
    let ended = json!({
        "completionStatus": 3, "iob": 8.1, "insulinDelivered": 7.2, "insulinRequested": 7.2,
    });
    vec![
        event(10, "08:00:00", 64, with_id(first)),
        event(11, "08:00:00", 65, with_id(second)),
        event(12, "08:00:00", 66, with_id(third)),
        event(20, "08:04:00", 20, with_id(ended)),
    ]
}

/// One reckoned on the pump itself, which tells everything.
fn reckoned() -> Vec<Value> {
    bolus(
        json!({"bolusType": 1, "correctionBolusIncluded": 1, "carbAmount": 45, "bg": 181, "iob": 0.9, "carbRatio": 7500}),
        json!({"options": 0, "standardPercent": 100, "duration": 0, "isf": 59, "targetBg": 110, "userOverride": 0}),
        json!({"foodBolusSize": 6, "correctionBolusSize": 1.2, "totalBolusSize": 7.2}),
    )
}

fn calculation(events: &[Value]) -> Value {
    treatments(events, &[])[0]["boluscalc"].clone()
}

#[test]
fn a_bolus_tells_how_it_was_reckoned_as_nightscouts_own_wizard_does() {
    let expected = json!({
        "targetBGLow": 110, "targetBGHigh": 110, "isf": 59, "ic": 7.5, "iob": 0.9, "bg": 181, "carbs": 45,
        "insulincarbs": 6, "insulinbg": 1.2, "insulin": 7.2,
    });
    assert_eq!(calculation(&reckoned()), expected);
}

#[test]
fn what_is_zero_or_not_known_is_left_out() {
    // As captured from the phone.
    let phone = bolus(
        json!({"bolusType": 3, "correctionBolusIncluded": 0, "carbAmount": 50, "bg": 0, "iob": 0, "carbRatio": 0}),
        json!({"options": 4, "standardPercent": 100, "duration": 0, "isf": 0, "targetBg": 0}),
        json!({"foodBolusSize": 8.33, "correctionBolusSize": 0, "totalBolusSize": 8.330_001}),
    );
    let expected = json!({"carbs": 50, "insulincarbs": 8.33, "insulin": 8.33});
    assert_eq!(calculation(&phone), expected);
    // Asked for in units, by the button.
    let quick = bolus(
        json!({"bolusType": 0, "correctionBolusIncluded": 0, "carbAmount": 0, "bg": 0, "iob": 4.116_488, "carbRatio": 0}),
        json!({"options": 2, "standardPercent": 100, "duration": 0, "isf": 0, "targetBg": 0, "userOverride": 0}),
        json!({"foodBolusSize": 0, "correctionBolusSize": 0, "totalBolusSize": 2}),
    );
    assert_eq!(calculation(&quick), Value::Null);
}

#[test]
fn what_the_user_made_of_the_proposal_is_an_other_correction() {
    for (food, correction, total, other) in [(0.0, 1.47, 3.0, 1.53), (6.0, 1.2, 5.0, -2.2)] {
        let overridden = bolus(
            json!({"bolusType": 3, "carbAmount": 0, "bg": 151, "iob": 1.181, "carbRatio": 0}),
            json!({"options": 4, "standardPercent": 100, "duration": 0, "userOverride": 1}),
            json!({"foodBolusSize": food, "correctionBolusSize": correction, "totalBolusSize": total}),
        );
        assert_eq!(calculation(&overridden)["othercorrection"], other);
    }
}

/// A site in mmol/L, and a day of a bolus and of a glucose typed in.
fn mmol() -> Arrangement {
    let mut events = reckoned();
    events.push(event(
        30,
        "09:00:00",
        16,
        json!({"bg": 116, "bgEntryType": 0, "iob": 0.5}),
    ));
    let mut site = by_hand(&events, "BOLUS,BOLUS_BG");
    site.nightscout = Nightscout::with(|settings| settings.mmol = true);
    let url = site.nightscout.url();
    site.set("NS_URL", &url);
    site
}

#[test]
fn a_site_in_mmol_gets_glucose_as_it_shows_it() {
    let site = mmol();
    for _ in 0..2 {
        site.good_pass(noon_after(), &["--days", "3"]);
        let found = site.nightscout.treatments();
        let glucose = |document: &Value| (document["glucose"].clone(), document["units"].clone());
        assert_eq!(glucose(&found[0]), (json!(10), json!("mmol")));
        assert_eq!(glucose(&found[1]), (json!(6.4), json!("mmol")));
        let calculation = &found[0]["boluscalc"];
        assert_eq!(calculation["targetBGHigh"], 6.1);
        assert_eq!(calculation["isf"], 3.27);
        assert_eq!(calculation["bg"], 10);
        assert_eq!(site.nightscout.writes(), 2);
    }
}

#[test]
fn a_site_that_comes_to_show_other_units_has_its_glucose_written_again_once() {
    let site = mmol();
    site.nightscout.configure(|settings| settings.mmol = false);
    site.good_pass(noon_after(), &["--days", "3"]);
    assert_eq!(site.nightscout.treatments()[1]["glucose"], 116);
    site.nightscout.configure(|settings| settings.mmol = true);
    for _ in 0..2 {
        site.good_pass(noon_after(), &["--days", "3"]);
        let found = site.nightscout.treatments();
        assert_eq!(found[1]["glucose"], 6.4);
        assert_eq!(found[1]["units"], "mmol");
        assert_eq!((found.len(), site.nightscout.writes()), (2, 4));
    }
}

#[test]
fn a_stored_calculation_is_the_same_whatever_the_database_made_of_its_numbers() {
    let site = by_hand(&reckoned(), "BOLUS");
    site.good_pass(noon_after(), &["--days", "3"]);
    let mut document = site.nightscout.treatments().remove(0);
    document["boluscalc"]["iob"] = json!(0.900_000_000_000_000_1);
    document["boluscalc"]["carbs"] = json!(45.0);
    document["boluscalc"]["foods"] = Value::Null;
    site.edit_treatment(&document);
    site.writes_nothing_more(noon_after(), &["--days", "3"]);
    document["boluscalc"]["carbs"] = json!(46);
    site.edit_treatment(&document);
    site.good_pass(noon_after(), &["--days", "3"]);
    assert_eq!(site.nightscout.treatments()[0]["boluscalc"]["carbs"], 45);
}

#[test]
fn a_rate_over_time_has_few_decimals_and_makes_the_amount_exactly() {
    for (units, seconds) in [
        (4.685, 8196_i64),
        (6.247, 10_800),
        (0.001, 61),
        (25.0, 28_799),
        (1.89, 3600),
    ] {
        let later = json!({"bolusId": 7, "bolexSize": units, "iob": 1});
        let given = json!({"bolusId": 7, "completionStatus": 3, "insulinDelivered": 2, "insulinRequested": 2, "iob": 1});
        let ended = json!({
            "bolusId": 7, "completionStatus": 3, "insulinDelivered": units, "insulinRequested": units, "iob": 1,
        });
        let time = |seconds: i64| {
            format!(
                "{:02}:{:02}:{:02}",
                8 + seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            )
        };
        let events = [
            event(20, "08:00:00", 20, given),
            event(21, "08:00:00", 59, later),
            event(90, &time(seconds), 21, ended),
        ];
        let document = treatments(&events, &[]).remove(0);
        let (rate, minutes) = (document["relative"].as_f64(), document["duration"].as_f64());
        let (rate, minutes) = rate.zip(minutes).expect("a rate and a length");
        assert!(
            (rate * minutes / 60.0 - units).abs() < 0.000_1,
            "{document}"
        );
        let decimals = |number: f64| {
            number
                .to_string()
                .split_once('.')
                .map_or(0, |(_, after)| after.len())
        };
        assert!(decimals(rate) <= 6, "{document}");
        let total = ((2.0 + units) * 1000.0).round() / 1000.0;
        assert_eq!(document["enteredinsulin"], total);
    }
}
