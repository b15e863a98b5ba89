/**
 * What v2.xml needs to know of HL7's data types: the type of each field of the segments that this bridge writes, the types of
 * components that have parts, and the groups of the structures that have any (HL7 v2.5 to 2.8, chapters 2, 3, 6, 10).
 */
const typed = (segment: string, types: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(types).flatMap(([type, places]) => places.split(' ').map((place): [string, string] => [`${segment}.${place}`, type])) // prettier-ignore

/** Fields that have components, to their data types. */
export const fieldTypes: Readonly<Record<string, string>> = Object.fromEntries([
  ...typed('MSH', { HD: '3 4 5 6', MSG: '9', PT: '11', VID: '12' }),
  ...typed('ERR', { ERL: '2', CWE: '3 5' }),
  ...typed('EVN', { XCN: '5' }),
  ...typed('PID', { CX: '2 3 4 18', XPN: '5 6 9', CWE: '10 15 16 17 22', XAD: '11', XTN: '13 14' }),
  ...typed('MRG', { CX: '1 2 3 4', XPN: '7' }),
  ...typed('PV1', { PL: '3', XCN: '7 8 9', CX: '19' }),
  ...typed('GT1', { CX: '2', XPN: '3', XAD: '5', XTN: '6 7', CWE: '11' }),
  ...typed('IN1', { CWE: '2', CX: '3', XON: '4', XPN: '16', XAD: '5 19', XTN: '7' }),
  ...typed('FT1', { DR: '4', CWE: '6 7', CP: '11 12', XCN: '20 21', CNE: '25', CX: '30' }),
  ...typed('DG1', { CWE: '3' }),
  ...typed('QRD', { CQ: '7', XCN: '8', CWE: '9' }),
  ...typed('SCH', { EI: '1 2', CWE: '6 7 8 10 25', TQ: '11', XCN: '12 16 20' }),
  ...typed('TQ1', { CQ: '2', CWE: '9' }),
  ...typed('AIS', { CWE: '3 6 8' }),
  ...typed('AIL', { PL: '3', CWE: '4' }),
  ...typed('AIP', { XCN: '3', CWE: '4' }),
  ...typed('AIG', { CWE: '3 4' }),
])

/** Components that have parts, to their data types. */
export const componentTypes: Readonly<Record<string, string>> = {
  'CX.4': 'HD',
  'CX.6': 'HD',
  'XPN.1': 'FN',
  'XAD.1': 'SAD',
  'XCN.2': 'FN',
  'XCN.9': 'HD',
  'PL.4': 'HD',
  'CP.1': 'MO',
  'CQ.2': 'CWE',
}

/** The groups of a structure in their order; the first segment of a group begins it anew. */
export const groups: Readonly<Record<string, readonly { readonly name: string; readonly segments: readonly string[] }[]>> = {
  SIU_S12: [
    { name: 'PATIENT', segments: ['PID', 'PV1'] },
    { name: 'RESOURCES', segments: ['RGS'] },
  ],
  ADT_A39: [{ name: 'PATIENT', segments: ['PID', 'MRG', 'PV1'] }],
  DFT_P03: [
    { name: 'FINANCIAL', segments: ['FT1'] },
    { name: 'INSURANCE', segments: ['IN1'] },
  ],
  ADR_A19: [{ name: 'QUERY_RESPONSE', segments: ['PID'] }],
} // prettier-ignore
