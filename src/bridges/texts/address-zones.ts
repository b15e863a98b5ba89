/**
 * The time zones of a state of the United States, as an address names it: all that any of its counties has, so that nobody
 * at its border is texted too early. The address itself stays in the practice; these zones are what texts need of it.
 */
const [eastern, central, mountain, pacific, alaska] = ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles', 'America/Anchorage'] as const // prettier-ignore

/** States by their zones: abbreviation and name. */
const states: readonly (readonly [zones: readonly string[], states: string])[] = [
  [[eastern], 'CT Connecticut, DC District of Columbia, DE Delaware, GA Georgia, MA Massachusetts, MD Maryland, ME Maine, NC North Carolina, NH New Hampshire, NJ New Jersey, NY New York, OH Ohio, PA Pennsylvania, RI Rhode Island, SC South Carolina, VA Virginia, VT Vermont, WV West Virginia'],
  [[eastern, central], 'FL Florida, IN Indiana, KY Kentucky, MI Michigan, TN Tennessee'],
  [[central], 'AL Alabama, AR Arkansas, IA Iowa, IL Illinois, LA Louisiana, MN Minnesota, MO Missouri, MS Mississippi, OK Oklahoma, WI Wisconsin'],
  [[central, mountain], 'KS Kansas, ND North Dakota, NE Nebraska, SD South Dakota, TX Texas'],
  [[mountain], 'CO Colorado, MT Montana, NM New Mexico, UT Utah, WY Wyoming'],
  [[mountain, pacific], 'ID Idaho, NV Nevada, OR Oregon'],
  [['America/Phoenix', mountain], 'AZ Arizona'],
  [[pacific], 'CA California, WA Washington'],
  [[alaska, 'America/Adak'], 'AK Alaska'],
  [['Pacific/Honolulu'], 'HI Hawaii'],
  [['America/Puerto_Rico'], 'PR Puerto Rico, VI Virgin Islands'],
  [['Pacific/Guam'], 'GU Guam, MP Northern Mariana Islands'],
  [['Pacific/Pago_Pago'], 'AS American Samoa'],
] // prettier-ignore

const byName = new Map(
  states.flatMap(([zones, list]) =>
    list.split(', ').flatMap((one) => [one.slice(0, 2), one.slice(3)].map((name) => [name.toUpperCase(), zones] as const)),
  ),
) // prettier-ignore

/** The zones of a state as people write it; none where it is no state of the United States. */
export function zonesOfState(state: string | null): readonly string[] {
  return byName.get((state ?? '').trim().replaceAll(/\s+/g, ' ').replaceAll('.', '').toUpperCase()) ?? []
}
