//! The tables of variables and features say what the program does.

use proptest::prelude::*;
use tconnectsync_heroku::config::variables::{Group, VARIABLES, Variable};
use tconnectsync_heroku::config::{Feature, FeatureSet};

use super::SetUp;

#[test]
fn every_required_variable_is_missed_and_no_other() {
    let missed: Vec<String> = SetUp::empty()
        .problems()
        .iter()
        .filter_map(|problem| Some(problem.split_once(" is not set")?.0.to_owned()))
        .collect();
    let required: Vec<&str> = VARIABLES
        .iter()
        .filter(|variable| variable.required)
        .map(|variable| variable.name)
        .collect();
    assert_eq!(missed.len(), required.len());
    assert!(
        required
            .iter()
            .all(|name| missed.iter().any(|it| it == name))
    );
}

#[test]
fn a_default_of_the_table_set_by_hand_changes_nothing() {
    let untouched = SetUp::complete().config();
    for variable in VARIABLES {
        let Some(default) = variable.default else {
            continue;
        };
        let by_hand = SetUp::complete().with(variable.name, default).config();
        assert_eq!(
            format!("{by_hand:?}"),
            format!("{untouched:?}"),
            "{}",
            variable.name
        );
    }
}

#[test]
fn the_table_has_each_name_once_and_stand_ins_for_names_that_exist() {
    for (at, variable) in VARIABLES.iter().enumerate() {
        let first = VARIABLES
            .iter()
            .position(|other| other.covers(variable.name));
        assert_eq!(first, Some(at), "{}", variable.name);
        if let Some(name) = variable.stands_in_for {
            assert!(Variable::named(name).is_some(), "{name}");
        }
    }
}

#[test]
fn default_features_are_the_same_in_both_tables() {
    let variable = Variable::named("TCONNECTSYNC_HEROKU_FEATURES").expect("in the table");
    assert_eq!(
        variable.default,
        Some(FeatureSet::default().to_string().as_str())
    );
}

#[test]
fn each_feature_is_found_by_its_name() {
    for feature in Feature::ALL {
        assert_eq!(Feature::named(feature.name()), Some(feature));
        assert_eq!(
            Feature::named(&feature.name().to_lowercase()),
            Some(feature)
        );
        assert!(!feature.uploads().is_empty());
    }
}

#[test]
fn the_example_file_asks_for_what_is_required_and_lists_what_is_optional() {
    let example = include_str!("../../.env.example");
    let problems = SetUp::empty().with_file(".env", example).problems();
    assert_eq!(problems.len(), 5, "{problems:#?}");
    for (problem, variable) in problems.iter().zip([
        "TCONNECT_EMAIL",
        "TCONNECT_PASSWORD",
        "NS_URL",
        "NS_SECRET",
        "TIMEZONE_NAME",
    ]) {
        assert!(problem.starts_with(variable), "{problem}");
        assert!(
            problem.contains("example's text") || problem.contains("is empty"),
            "{problem}"
        );
    }
    // Those that are for tests, stand in for others, or are another program's by right.
    let left_out = [
        "API_SECRET",
        "TZ",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "TCONNECT_BASE_URL",
    ];
    for variable in VARIABLES {
        let listed = matches!(variable.group, Group::Ours | Group::Tconnectsync)
            && !left_out.contains(&variable.name);
        let line = format!("{}={}", variable.name, variable.default.unwrap_or_default());
        let is_there = example
            .lines()
            .any(|it| it.trim_start_matches('#').starts_with(&line));
        assert_eq!(is_there, listed, "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A password may have been pasted into any field.
    #[test]
    fn no_value_is_ever_repeated(
        core in "zq[a-z0-9]{6,12}",
        shape in prop::sample::select(vec![
            "@", "'@'", "https://@", "http://@.test/?token=@", "https://a:@@b.test", "https://b.test/@#@", "America/@", "-@",
            " @", "@,@", "~/@", "+@", "ftp://@",
        ]),
    ) {
        let value = shape.replace('@', &core);
        for variable in VARIABLES {
            let set_up = SetUp::complete().with(&variable.name.replace('*', "X"), &value);
            let reading = set_up.reading();
            let said = format!("{:?} {:?} {:?}", reading.remarks, reading.set_variables, reading.problems);
            prop_assert!(!said.contains(&core), "{} = {value}: {said}", variable.name);
            let Some(config) = reading.config else {
                let failure = tconnectsync_heroku::config::failure(&reading.problems).to_string();
                prop_assert!(!failure.contains(&core), "{} = {value}: {failure}", variable.name);
                continue;
            };
            let shown = format!("{config:?}");
            prop_assert!(!variable.secret || !shown.contains(&core), "{}: {shown}", variable.name);
        }
    }
}
