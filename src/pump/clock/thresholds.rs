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
//! | [`ANTICIPATION`] | 24 hours | some set the clock on the evening before the zone changes, or go by an old time a day after |
//! | [`GRAIN`] | 15 minutes | zones differ by whole quarters of an hour |
//! | [`SMALLEST_ZONE_STEP`] | 25 minutes | no two zones differ by less than half an hour: what is shorter corrects drift |
//! | [`NO_JOURNEY`] | 20 hours | no journey moves a clock as far; a wrong day does, and putting it right |
//! | [`FAR_FROM_HOME`] | 6 hours | a guess that took AM for PM is 12 hours off, and a change of the zone is one |
//! | [`SETTINGS_APART`] | 5 numbers | time and date are set on one screen, one right after the other |
//! | [`SETTING_A_LOST_CLOCK`] | 1 hour | a pump without its time raises alarms between the two settings |
//! | [`FIRST_YEARS`] | 730 days | a pump that loses its time starts in 2008; none was in use before 2012 |
//! | [`STEP_BACK`] | 30 seconds | what the pump wrote later shows no earlier time, unless its clock was moved |
//! | [`CLEAR_STEP_BACK`] | 8 minutes | more than any correction of drift that a phone may make without a record |
//! | [`NEIGHBOURS`] | 10 minutes | the pump writes at least every five minutes; a longer silence is a gap |
//! | [`FOLLOWS_WITHIN`] | 26 hours | a clock that its phone sets has been seen to follow the zone 20 hours late |
//! | [`FAST`] | 5 minutes | a clock that its phone puts right may have run fast by this much |
//! | [`FEW_HOURS`] | 12 hours | what a pump has on the site that is new to it, and no journey that began days ago |
//! | [`SHORTEST_CHANGE`] | 20 minutes | no zone's change is shorter (Lord Howe Island: 30 minutes) |
//! | [`SAME_OFFSET`] | 20 seconds | what another uploader's clock and the pump's may differ by without meaning anything |
//! | [`WITNESSED_READINGS`] | 12 to 36 | an hour of readings at the least, so that chance cannot match them |
//! | [`WITNESSED_SHARE`] | 85 % | a few readings may be missing or rounded, more speak of another person or a calibration |
//! | [`NEXT_BEST_SHARE`] | 60 % | in a flat night other offsets match nearly as well: then nothing is told |
//! | [`HOLDS_BACK`] | 3 hours | the phone uploads about once an hour, so one of the next uploads tells |
//! | [`REAL_DOUBT`] | 1 hour, from 55 minutes on | what would mislead someone who doses insulin |
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
pub(super) const SMALLEST_ZONE_STEP: Duration = Duration::minutes(25);
pub(super) const NO_JOURNEY: Duration = Duration::hours(20);
pub(super) const FAR_FROM_HOME: Duration = Duration::hours(6);
pub(super) const SETTINGS_APART: i64 = 5;
pub(super) const SETTING_A_LOST_CLOCK: Duration = Duration::hours(1);
pub(crate) const FIRST_YEARS: Duration = Duration::days(730);
pub(super) const CLEAR_STEP_BACK: Duration = Duration::minutes(8);
pub(in crate::pump) const STEP_BACK: Duration = Duration::seconds(30);
pub(super) const NEIGHBOURS: Duration = Duration::minutes(10);
pub(super) const FOLLOWS_WITHIN: Duration = Duration::hours(26);
pub(super) const FAST: Duration = Duration::minutes(5);
pub(super) const FEW_HOURS: Duration = Duration::hours(12);
pub(super) const SHORTEST_CHANGE: Duration = Duration::minutes(20);
pub(super) const SAME_OFFSET: Duration = Duration::seconds(20);
pub(super) const WITNESSED_READINGS: (usize, usize) = (12, 36);
pub(super) const WITNESSED_SHARE: usize = 85;
pub(super) const NEXT_BEST_SHARE: usize = 60;
pub(in crate::pump) const HOLDS_BACK: Duration = Duration::hours(3);
pub(in crate::pump) const REAL_DOUBT: Duration = Duration::minutes(55);
pub(super) const LONGEST_DOUBT: Duration = Duration::days(25);
