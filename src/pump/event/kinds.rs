//! The table of all kinds of event: their names, their codes and how they are read.

use super::*;

/// Reads the properties of an event; `None` if an essential one is missing.
pub(in crate::pump) type Reader = fn(&mut Fields) -> Option<Detail>;

/// The reader of the events of a code, if they are read.
pub(in crate::pump) fn reader_of(code: i64) -> Option<Reader> {
    let mut rows = KINDS.iter();
    let (_, reader) = rows.find(|(codes, _)| codes.contains(&code))?;
    Some(*reader)
}

/// Whether events of a code are known to have nothing to show.
pub(in crate::pump) fn is_not_used(code: i64) -> bool {
    NOT_USED.binary_search(&code).is_ok()
}

/// The codes that are read.
pub fn codes_read() -> impl Iterator<Item = i64> {
    KINDS.iter().flat_map(|(codes, _)| *codes).copied()
}

/// Makes [`Detail`], [`Detail::kind`] and [`KINDS`] from one table. A row says what happened and how the events of its codes are
/// read. Above the rows stands what people call such events: parts of the same thing share a name.
macro_rules! kinds {
    ($(
        [$one:literal, $several:literal] {
            $(
                $(#[$doc:meta])*
                $name:ident($content:ty):
                    $($($code:literal)|+ => $reader:ident::$read:ident($($argument:expr)?)),+;
            )+
        }
    )+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Detail {
            $($($(#[$doc])* $name($content),)+)+
        }

        impl Detail {
            /// What people call one such event, and several.
            pub(crate) fn kind(&self) -> [&'static str; 2] {
                match self {
                    $($(Detail::$name(_) => [$one, $several],)+)+
                }
            }
        }

        static KINDS: &[(&[i64], Reader)] = &[$($($(
            (&[$($code),+], |f| Some(Detail::$name($reader::$read(f $(, $argument)?)?))),
        )+)+)+];
    };
}

kinds! {
    ["basal delivery", "basal deliveries"] {
        /// The basal rate now delivered, reported about every five minutes and at changes.
        BasalDelivery(BasalDelivery): 279 => basal_delivery::read();
    }
    ["basal rate change", "basal rate changes"] {
        /// The basal rate was changed.
        BasalRateChange(BasalRateChange): 3 => basal_rate_change::read();
    }
    ["bolus request", "bolus requests"] {
        /// A bolus was asked for, part 1.
        BolusRequested1(BolusRequested1): 64 => bolus_request::part_1();
        /// A bolus was asked for, part 2.
        BolusRequested2(BolusRequested2): 65 => bolus_request::part_2();
        /// A bolus was asked for, part 3.
        BolusRequested3(BolusRequested3): 66 => bolus_request::part_3();
    }
    ["bolus delivery", "bolus deliveries"] {
        /// Delivery of a bolus, or of the part to be given now, began.
        BolusActivated(BolusActivated): 55 => bolus_activated::read("bolusSize");
        /// Delivery of the extended part began.
        ExtendedBolusActivated(BolusActivated): 59 => bolus_activated::read("bolexSize");
        /// A bolus started or ended.
        BolusDelivery(BolusDelivery): 280 => bolus_delivery::read();
        /// A bolus, or the part to be given now, ended.
        BolusCompleted(BolusCompleted): 20 => bolus_completed::read();
        /// The extended part ended.
        ExtendedBolusCompleted(BolusCompleted): 21 => bolus_completed::read();
    }
    ["suspension or resume", "suspensions and resumes"] {
        /// Delivery stopped.
        PumpingSuspended(PumpingSuspended): 11 => pumping::suspended();
        /// Delivery started again.
        PumpingResumed(PumpingResumed): 12 => pumping::resumed();
    }
    ["fill", "fills"] {
        /// The cartridge was filled.
        CartridgeFilled(CartridgeFilled): 33 => fill::cartridge();
        /// The cannula was filled: a new infusion site.
        CannulaFilled(Filled): 61 => fill::cannula_or_tubing();
        /// The tubing was filled.
        TubingFilled(Filled): 63 => fill::cannula_or_tubing();
    }
    ["alarm", "alarms"] {
        /// An alarm went off.
        AlarmActivated(Signal): 5 => signal::read("alarmId");
        /// An alarm was cleared.
        AlarmCleared(Signal): 28 => signal::read("alarmId");
        /// The pump failed.
        Malfunction(Signal): 6 => signal::read("malfId");
    }
    ["alert", "alerts"] {
        /// An alert was shown.
        AlertActivated(Signal): 4 => signal::read("alertId");
        /// An alert was cleared.
        AlertCleared(Signal): 26 => signal::read("alertId");
    }
    ["CGM alert", "CGM alerts"] {
        /// The CGM alerted.
        CgmAlert(Signal): 171 | 369 | 460 => signal::read("dalertId");
    }
    ["CGM reading", "CGM readings"] {
        /// A glucose reading.
        CgmReading(CgmReading): 256 | 372 | 399 | 480 => cgm_reading::read();
    }
    ["sensor session", "sensor sessions"] {
        /// A sensor session was started on the pump.
        SensorStarted(SensorSession):
            212 => sensor_session::read(Sensor::G6),
            404 => sensor_session::read(Sensor::Libre2);
        /// The pump joined a sensor session.
        SensorJoined(SensorSession):
            213 => sensor_session::read(Sensor::G6),
            394 => sensor_session::read(Sensor::G7),
            406 => sensor_session::read(Sensor::Libre2),
            477 => sensor_session::read(Sensor::Libre3);
        /// A sensor session ended.
        SensorStopped(SensorSession):
            214 => sensor_session::read(Sensor::G6),
            405 => sensor_session::read(Sensor::Libre2),
            447 => sensor_session::read(Sensor::G7),
            486 => sensor_session::read(Sensor::Libre3);
    }
    ["mode change", "mode changes"] {
        /// Sleep, exercise or eating-soon mode started or stopped.
        UserModeChange(UserModeChange): 229 => user_mode::read();
        /// Who decides the basal rate changed.
        ControlModeChange(OnlyTime): 230 => only_time::control_mode_change();
    }
    ["profile change", "profile changes"] {
        /// Something was done to a personal profile.
        ProfileChange(ProfileChange): 69 => profile_change::read();
    }
    ["glucose entry", "glucose entries"] {
        /// A blood glucose was entered.
        BgEntered(BgEntered): 16 => bg_entry::read();
    }
    ["status report", "status reports"] {
        /// Midnight passed on the pump's clock.
        NewDay(NewDay): 90 => new_day::read();
        /// The day's status report.
        DailyStatus(OnlyTime): 313 => only_time::daily_status();
        /// The day's basal report.
        DailyBasal(StatusSnapshot): 81 => status_snapshot::basal_report();
        /// A snapshot of reservoir, battery and insulin on board.
        StatusSnapshot(StatusSnapshot): 9 | 34 | 35 => status_snapshot::read();
    }
    ["clock change", "clock changes"] {
        /// The time of the pump's clock was set.
        TimeChanged(TimeChanged): 13 => clock_change::time();
        /// The date of the pump's clock was set.
        DateChanged(DateChanged): 14 => clock_change::date();
    }
}

/// Codes in public schemas of the pump's log that have nothing to show on a Nightscout site. The schemas are Tandem's own event
/// table, as tconnectsync contains it, and the history logs of pumpX2. A code that is not here either is new.
#[rustfmt::skip]
static NOT_USED: &[i64] = &[
    // Erased log; temp rate activated; malfunction and alarm acknowledged; temp rate completed.
    0, 2, 7, 8, 15,
    // Reminder activated; alert acknowledged; reminder dismissed and snoozed; cartridge removed, inserted.
    25, 27, 29, 30, 31, 32,
    // USB connected, disconnected; cartridge confirmed; carbs entered; shelf mode.
    36, 37, 41, 48, 53,
    // Profile message 2; corrupt log; USB enumerated; profile segment, its bolus settings, list of profiles.
    57, 60, 67, 68, 70, 71,
    // Pump and global settings; factory reset; correction declined; reminder settings; fill estimate; start of the processor.
    73, 74, 82, 93, 96, 97, 98, 99,
    // Basal-IQ: periodic record, settings.
    140, 142,
    // CGM: data sample, transmitter, settings, calibration, stops, alert settings, alerts cleared and acknowledged.
    151, 156, 157, 160, 162, 163, 165, 166, 167, 168, 169, 172, 173, 187,
    // Version; Basal-IQ suspends, resumes; software update.
    191, 198, 199, 203,
    // Seen over Bluetooth: 206, 207 (insulin on board). G6: calibration, data sample, inactive, transmitter, requests.
    206, 207, 210, 211, 215, 216, 217, 218, 219, 220,
    // Reservoir over Bluetooth; sleep schedule; 237 and delivery status; Control-IQ's settings.
    231, 235, 237, 238, 244, 245, 246,
    // CGM session type; battery over Bluetooth; occlusion debugging; snooze; automatic bolus rejected; cannula prime.
    267, 271, 283, 286, 288, 291,
    // Mobi's cartridge filled, removed; versions; exercise time and choice; 327; total daily insulin; priming.
    301, 302, 307, 318, 319, 327, 332, 348,
    // CGM rejoin; sensor type; Dexcom alerts cleared, acknowledged; G7's start request and pairing code.
    367, 368, 370, 371, 390, 395,
    // Cartridge errors; 434; G7's calibrations, inactive, stop request; Libre alerts cleared.
    419, 434, 438, 439, 441, 443, 461,
    // Requested by Tandem's web page; their meaning is unknown.
    558, 559, 562, 563, 564, 565, 566,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_tables_once() {
        let mut codes: Vec<i64> = KINDS
            .iter()
            .flat_map(|(codes, _)| *codes)
            .copied()
            .collect();
        codes.extend(NOT_USED);
        codes.sort_unstable();
        let twice: Vec<_> = codes.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert!(NOT_USED.is_sorted());
    }
}
