/** What another system sends: registrations of patients (ADT A28), one after the other on each of its connections. */
const first = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gia', 'Hal']

export const connections = 8
/** Over which connection a message goes. */
export const peerOf = (number: number): number => number % connections

/** A registration as such systems send it, each of another patient. */
export function admission(peer: number, number: number): string {
  const id = `${peer}-${number}`
  return [
    `MSH|^~\\&|EHR|HOSP|PC|BLOOM|20270301080000||ADT^A28^ADT_A05|${id}|P|2.5`,
    'EVN|A28|20270301080000',
    `PID|1||${id}^^^HOSP^MR||Bench${number}^${first[number % first.length]}||1980${String(1 + (number % 12)).padStart(2, '0')}15|F|||1 Main St^^Mesa^AZ^85201||^PRN^PH^^1^480^5550123~^NET^Internet^p${number}@example.com|||||||||||||||||`,
    'PV1|1|O|^^^Mesa|||||||||||||||||||||||||||||||||||||||||',
    '',
  ].join('\r')
}
