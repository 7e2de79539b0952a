//! Which of Tandem's two regions holds the account.

use anyhow::{Result, bail};
/// The region that the configuration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionChoice {
    /// Not said: the US first and, where it does not know the account, the EU once.
    Auto,
    /// The United States, also Canada and Mexico.
    Us,
    /// Europe, also the United Kingdom, Australia, New Zealand, Israel and South Africa.
    Eu,
}

/// Countries (ISO 3166-1 alpha-2) whose accounts live in the US region.
const US_SIDE: [&str; 3] = ["US", "CA", "MX"];

/// Countries whose accounts live in the EU region: Europe's, with both usual codes of the United Kingdom and of Greece,
/// then those elsewhere.
#[rustfmt::skip]
const EU_SIDE: [&str; 55] = [
    "EU", "AD", "AL", "AT", "AX", "BA", "BE", "BG", "BY", "CH", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FO", "FR",
    "GB", "GG", "GI", "GR", "HR", "HU", "IE", "IM", "IS", "IT", "JE", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT",
    "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "UA", "UK", "VA", "XK", "TR",
];
const EU_SIDE_ELSEWHERE: [&str; 4] = ["AU", "NZ", "IL", "ZA"];

impl RegionChoice {
    /// As the configuration writes it. It is a part of what kept tokens are found by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            RegionChoice::Auto => "auto",
            RegionChoice::Us => "US",
            RegionChoice::Eu => "EU",
        }
    }

    /// Reads `US`, `EU`, `auto` or a country's two letters, in capitals or not. The error says what is valid and does not
    /// repeat the value.
    pub(crate) fn parse(value: &str) -> Result<RegionChoice> {
        let value = value.trim().to_ascii_uppercase();
        let value = value.as_str();
        if value == "AUTO" {
            Ok(RegionChoice::Auto)
        } else if US_SIDE.contains(&value) {
            Ok(RegionChoice::Us)
        } else if EU_SIDE.contains(&value) || EU_SIDE_ELSEWHERE.contains(&value) {
            Ok(RegionChoice::Eu)
        } else {
            bail!(
                "is not a region: write US (also for Canada and Mexico), EU (also for the United Kingdom, Australia, \
                 New Zealand, Israel and South Africa), auto, or the two-letter code of one of these countries, such as DE"
            )
        }
    }
}
