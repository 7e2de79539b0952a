//! What a pump writes into its history, one type a kind of event.
//!
//! Codes, properties and their units are those that Tandem Source's own web page reads, as observed in 2026. A field
//! is an `Option` where the pump may leave it out, or where its value is one that this version does not know.

mod bolus;
mod cgm;
mod delivery;
mod mode;
mod status;

pub use bolus::*;
pub use cgm::*;
pub use delivery::*;
pub use mode::*;
pub use status::*;

use super::quantity::PumpTime;

/// Identifies an event of one pump, for good.
///
/// Ordered by the number, which rises with real time even when the pump's clock is set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// Tandem's `sequenceNumber`.
    pub number: i64,
    /// Tandem's `sequenceGroup`.
    pub group: i64,
}

/// One entry of the pump's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Which entry it is.
    pub id: EventId,
    /// What the pump's clock showed when it was written.
    pub pump_time: PumpTime,
    /// What happened.
    pub detail: Detail,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// 279: the basal rate now delivered, reported about every five minutes and at changes.
    BasalDelivery(BasalDelivery),
    /// 3: the basal rate was changed.
    BasalRateChange(BasalRateChange),
    /// 64: a bolus was asked for, part 1.
    BolusRequested1(BolusRequested1),
    /// 65: a bolus was asked for, part 2.
    BolusRequested2(BolusRequested2),
    /// 66: a bolus was asked for, part 3.
    BolusRequested3(BolusRequested3),
    /// 55: delivery of a bolus, or of the part to be given now, began.
    BolusActivated(BolusActivated),
    /// 59: delivery of the extended part began.
    ExtendedBolusActivated(BolusActivated),
    /// 280: a bolus started or ended.
    BolusDelivery(BolusDelivery),
    /// 20: a bolus, or the part to be given now, ended.
    BolusCompleted(BolusCompleted),
    /// 21: the extended part ended.
    ExtendedBolusCompleted(BolusCompleted),
    /// 11: delivery stopped.
    PumpingSuspended(PumpingSuspended),
    /// 12: delivery started again.
    PumpingResumed(PumpingResumed),
    /// 33: the cartridge was filled.
    CartridgeFilled(CartridgeFilled),
    /// 61: the cannula was filled: a new infusion site.
    CannulaFilled(Filled),
    /// 63: the tubing was filled.
    TubingFilled(Filled),
    /// 5: an alarm went off.
    AlarmActivated(Signal),
    /// 28: an alarm was cleared.
    AlarmCleared(Signal),
    /// 6: the pump failed.
    Malfunction(Signal),
    /// 4: an alert was shown.
    AlertActivated(Signal),
    /// 26: an alert was cleared.
    AlertCleared(Signal),
    /// 171, 369, 460: the CGM alerted.
    CgmAlert(Signal),
    /// 399, 256, 372, 480: a glucose reading.
    CgmReading(CgmReading),
    /// 212, 404: a sensor session was started on the pump.
    SensorStarted(Sensor),
    /// 213, 394, 406, 477: the pump joined a sensor session.
    SensorJoined(Sensor),
    /// 214, 447, 405, 486: a sensor session ended.
    SensorStopped(Sensor),
    /// 229: sleep, exercise or eating-soon mode started or stopped.
    UserModeChange(UserModeChange),
    /// 230: who decides the basal rate changed.
    ControlModeChange(ControlModeChange),
    /// 16: a blood glucose was entered.
    BgEntered(BgEntered),
    /// 90: midnight passed on the pump's clock.
    NewDay(DailyRate),
    /// 313: the day's status report.
    DailyStatus(DailyRate),
    /// 13: the time of the pump's clock was set.
    TimeChanged(TimeChanged),
    /// 14: the date of the pump's clock was set.
    DateChanged(DateChanged),
    /// 81: the day's basal report.
    DailyBasal(DailyBasal),
    /// 9, 34, 35: a snapshot of reservoir, battery and insulin on board.
    StatusSnapshot(StatusSnapshot),
}

/// A set of bits, which the wire writes as the list of those that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(pub u64);

impl Bits {
    /// Whether bit `index` (0 to 63) is set.
    pub fn has(self, index: u32) -> bool {
        self.0.checked_shr(index).is_some_and(|bits| bits & 1 == 1)
    }
}

/// Codes 4, 5, 6, 26, 28, 171, 369 and 460: a signal by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// `alertId`, `alarmId`, `malfId` or `dalertId`.
    pub id: i64,
}
