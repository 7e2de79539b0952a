//! What the site holds of single treatments beyond all that is read around a page.

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};

use super::Pass;
use crate::nightscout::Site;
use crate::nightscout::document::{EventType, Existing, Occasion, SAME_SESSION_WITHIN, Treatment};
use crate::reconcile::Index;
use crate::window::{ASTRAY, Window};

/// Where the start of a sensor's session is mostly found: events tell it within minutes, and most journeys move a clock by so
/// much at the most.
const SESSION_ASTRAY: Duration = Duration::hours(3);

impl Pass<'_> {
    /// What is there of these treatments that lies too far off to be known.
    pub(super) fn far_off(
        &self,
        site: &Site,
        wanted: &[Treatment],
        (known, span): (&[Existing], Window),
    ) -> Result<Vec<Existing>> {
        let mut far_off = Self::earlier_starts(site, wanted, (known, span))?;
        far_off.extend(Self::later_rests(site, wanted, known)?);
        Ok(far_off)
    }

    /// What is there of stretches whose end these days do not show: where another tool told the beginning, our document of the
    /// rest begins later, perhaps days.
    fn later_rests(site: &Site, wanted: &[Treatment], known: &[Existing]) -> Result<Vec<Existing>> {
        let lasts = [EventType::TempBasal, EventType::Sleep, EventType::Exercise];
        let known = Index::new(known);
        let unknown = wanted.iter().filter(|treatment| {
            let is_open = treatment.content.open_ended && lasts.contains(&treatment.event_type);
            is_open && known.find_ours(treatment).is_none()
        });
        let mut rests = Vec::new();
        for treatment in unknown {
            rests.extend(site.treatments_from(treatment.identity.identifiers(), treatment.at)?);
        }
        Ok(rests)
    }

    /// What is there around the starts of sensor sessions that lie before all that [`Pass::existing`] asks for: the pump finds
    /// a sensor again days after it was started.
    fn earlier_starts(
        site: &Site,
        wanted: &[Treatment],
        (known, span): (&[Existing], Window),
    ) -> Result<Vec<Existing>> {
        let known_from = span.start - ASTRAY;
        let is_start = |document: &Existing| {
            document.ours && document.event_type == EventType::SensorStart.name()
        };
        let is_known = |start: &Treatment| {
            let near = |at: DateTime<Utc>| (at - start.at).abs() <= SAME_SESSION_WITHIN;
            let mut known = known.iter().filter(|document| is_start(document));
            known.any(|document| document.at.is_some_and(near))
        };
        let starts = wanted.iter().filter(|treatment| {
            matches!(treatment.identity.occasion, Occasion::WhenTold(_))
                && treatment.at - SESSION_ASTRAY < known_from
                && !is_known(treatment)
        });
        let mut existing: Vec<Existing> = Vec::new();
        for start in starts {
            // Mostly it is close by; a day's documents are a lot to ask for just to find one.
            for astray in [SESSION_ASTRAY, ASTRAY] {
                let until = (start.at + astray).min(known_from);
                let found = site.treatments(start.at - astray, Some(until), |document| {
                    Some(Existing::from_document(document)).filter(is_start)
                })?;
                let is_there = !found.is_empty();
                existing.extend(found);
                if is_there {
                    break;
                }
            }
        }
        Ok(existing)
    }
}
