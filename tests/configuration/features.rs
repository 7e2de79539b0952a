//! What to copy.

use clap::Parser;
use tconnectsync_heroku::config::Cli;

use super::SetUp;

fn variable(value: &str) -> SetUp {
    SetUp::complete().with("TCONNECTSYNC_HEROKU_FEATURES", value)
}

const LIST: &str = "the features are BASAL,BOLUS,PUMP_EVENTS,PUMP_EVENTS_BASAL_SUSPENSION,PUMP_ALERTS,CGM,CGM_ALERTS,BOLUS_BG,\
                    DEVICE_STATUS,IOB,PROFILES";

#[test]
fn commas_blanks_and_any_case_make_one_set_in_the_order_of_the_table() {
    for written in [
        "CGM,BASAL,BOLUS",
        "basal bolus cgm",
        " Basal , Bolus,,CGM, ",
        "BASAL;BOLUS;CGM;CGM",
    ] {
        assert_eq!(
            variable(written).config().features.to_string(),
            "BASAL,BOLUS,CGM"
        );
    }
    assert_eq!(
        SetUp::complete().config().features.to_string(),
        "BASAL,BOLUS"
    );
}

#[test]
fn the_command_line_takes_tconnectsyncs_way_of_writing_too() {
    for arguments in [
        &["--features", "BASAL", "CGM"][..],
        &["--features", "BASAL CGM"],
        &["--features", "BASAL,CGM"],
        &["--features=BASAL", "--features", "CGM"],
        &["--features", "BASAL", "CGM", "--days", "2"],
    ] {
        let set_up = variable("NONSENSE").with_arguments(arguments);
        assert_eq!(
            set_up.config().features.to_string(),
            "BASAL,CGM",
            "{arguments:?}"
        );
    }
    assert!(Cli::try_parse_from(["t", "--features", "BASAL,NONSENSE"]).is_err());
    assert!(Cli::try_parse_from(["t", "--features", ""]).is_err());
    assert!(Cli::try_parse_from(["t", "--features"]).is_err());
}

#[test]
fn an_unknown_feature_is_named_with_the_valid_ones() {
    assert_eq!(
        variable("BASAL,BOLUSES,SITE_CHANGE").problems(),
        [format!(
            "TCONNECTSYNC_HEROKU_FEATURES has BOLUSES, SITE_CHANGE in it, which this version does not know: {LIST}"
        )]
    );
    assert_eq!(
        variable(",").problems(),
        [format!(
            "TCONNECTSYNC_HEROKU_FEATURES names no feature: {LIST}"
        )]
    );
}

#[test]
fn what_may_be_a_secret_is_not_named() {
    let not_shown = [format!(
        "TCONNECTSYNC_HEROKU_FEATURES holds what is no feature's name (1 not shown): {LIST}"
    )];
    assert_eq!(variable("BASAL,hunter2").problems(), not_shown);
    assert_eq!(
        variable(&format!("BASAL,{}", "A".repeat(41))).problems(),
        not_shown
    );
    let pasted = variable("HUNTER_2").with("TCONNECT_PASSWORD", "hunter_2 and more");
    assert_eq!(pasted.problems(), not_shown);
    assert_eq!(
        variable("BASALS,hunter2").problems(),
        [format!(
            "TCONNECTSYNC_HEROKU_FEATURES has BASALS (1 more not shown) in it, which this version does not know: {LIST}"
        )]
    );
}
