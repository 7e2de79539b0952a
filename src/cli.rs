//! The command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{ArgAction, Parser};

use crate::config::{FeatureSet, RegionChoice};

/// Copies a Tandem insulin pump's events from Tandem Source to Nightscout, one pass a run
#[derive(Clone, Debug, Default, Parser)]
#[command(version, about)]
pub struct Cli {
    /// Check the configuration, both logins and the pump's clock, step by step; writes nothing
    #[arg(long)]
    pub check_login: bool,

    /// Do everything but write to Nightscout
    #[arg(long, visible_alias = "dry-run")]
    pub pretend: bool,

    /// What to copy, by commas or blanks: see FEATURES below
    #[arg(long, value_name = "LIST", num_args = 1.., action = ArgAction::Append, value_parser = feature_list)]
    pub features: Vec<FeatureSet>,

    /// Copy the last N days (1 to 366) [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=366), conflicts_with_all = ["start_date", "end_date"])]
    pub days: Option<u16>,

    /// Copy from this day on (YYYY-MM-DD, by the pump's clock)
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub start_date: Option<NaiveDate>,

    /// Copy up to this day, which is included [default: today]
    #[arg(long, value_name = "DATE", value_parser = date, requires = "start_date")]
    pub end_date: Option<NaiveDate>,

    /// Where the Tandem account lives: US, EU, a country code, or auto
    #[arg(long, value_name = "REGION", value_parser = RegionChoice::parse)]
    pub region: Option<RegionChoice>,

    /// Read variables from this file instead of ./.env
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,

    /// Print the summary as one JSON object (with --pretend, after the documents, one on a line)
    #[arg(long)]
    pub json: bool,

    /// Say more; twice, say everything
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

fn feature_list(list: &str) -> Result<FeatureSet, String> {
    use crate::config::features::{Feature, names};
    FeatureSet::parse(list).map_err(|_| format!("the features are {}", names(Feature::ALL)))
}

fn date(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "write a date as YYYY-MM-DD, such as 2026-05-14".to_owned())
}
