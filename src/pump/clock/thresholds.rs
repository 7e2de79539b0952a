//! Every threshold of the clock's judgement, each with its reason.
//!
//! | what | how much | why |
//! |---|---|---|
//! | [`TOLERANCE`] | 10 minutes | a phone's or a server's clock may be off by this much |
//! | [`JUST_UPLOADED`] | 20 minutes | a phone uploads everything it has at once, the newest event included |
//! | [`WHOLE_HOURS_WITHIN`] | 12 minutes | a phone that was away may come back at any minute, so less than the above |
//! | [`MOST_HOURS_LATE`] | 14 hours | no two zones are further apart; a pump silent for longer is silent |
//! | [`LONGEST_JOURNEY`] | 45 days | who lives elsewhere for longer sets `TIMEZONE_NAME` |
//! | [`BY_HAND_WITHIN`] | 3 weeks | who moves the clock for daylight saving does so by then |
//! | [`ANTICIPATION`] | 24 hours | some set the clock on the evening before the zone changes |
//! | [`GRAIN`] | 15 minutes | zones differ by whole quarters of an hour |
//! | [`SETTINGS_APART`] | 5 numbers | time and date are set on one screen, one right after the other |
//! | [`SETTING_A_LOST_CLOCK`] | 1 hour | a pump without its time raises alarms between the two settings |
//! | [`FIRST_YEARS`] | 730 days | a pump that loses its time starts in 2008; none was in use before 2012 |
//! | [`STEP_BACK`] | 8 minutes | more than any correction of drift, less than any change of a zone |
//! | [`NEIGHBOURS`] | 10 minutes | the pump writes at least every five minutes; a longer silence is a gap |
//! | [`FOLLOWS_WITHIN`] | 12 hours | a clock that its phone sets follows the zone by then |
//! | [`SHORTEST_CHANGE`] | 20 minutes | no zone's change is shorter (Lord Howe Island: 30 minutes) |
//! | [`LONGEST_DOUBT`] | 25 days | trips end within this time; older documents were dated with today's record |

use chrono::Duration;

pub(super) const TOLERANCE: Duration = Duration::minutes(10);
pub(super) const JUST_UPLOADED: Duration = Duration::minutes(20);
pub(super) const WHOLE_HOURS_WITHIN: Duration = Duration::minutes(12);
pub(super) const MOST_HOURS_LATE: i64 = 14;
pub(super) const LONGEST_JOURNEY: Duration = Duration::days(45);
pub(super) const BY_HAND_WITHIN: Duration = Duration::weeks(3);
pub(super) const ANTICIPATION: Duration = Duration::hours(24);
pub(super) const GRAIN: Duration = Duration::minutes(15);
pub(super) const SETTINGS_APART: i64 = 5;
pub(super) const SETTING_A_LOST_CLOCK: Duration = Duration::hours(1);
pub(super) const FIRST_YEARS: Duration = Duration::days(730);
pub(super) const STEP_BACK: Duration = Duration::minutes(8);
pub(super) const NEIGHBOURS: Duration = Duration::minutes(10);
pub(super) const FOLLOWS_WITHIN: Duration = Duration::hours(12);
pub(super) const SHORTEST_CHANGE: Duration = Duration::minutes(20);
pub(super) const LONGEST_DOUBT: Duration = Duration::days(25);
