/** Patients of other sites of the practice, which those share with this one. */
export const others = {
  menu: 'Other sites',
  title: 'Patients of other sites',
  how: 'Other sites of this practice share these patients with this one. Whoever has the patient writes to them and keeps their record.',
  find: 'Name of the patient',
  nobody: 'No other site shares a patient of this name.',
  nobodyNext: 'Look under another spelling, or ask the other site.',
  nothingShared: 'No other site shares patients with this one.',
  nothingSharedNext: 'An admin of each chooses it under Preferences > Synchronization.',
  open: 'Open the record',
  of: (site: string) => `Of ${site}`,
  whose: (site: string) =>
    `This patient is ${site}’s. Here you read what ${site} shares; ${site} answers and changes it.`,
  unknown: { title: 'No such patient', cause: 'No other site shares this patient with this one, or not any more.', next: 'Go back and look for the patient again.' }, // prettier-ignore
  notShared: (site: string) => `${site} does not share this with this site.`,
  site: 'Site',
  here: 'This site',
  born: 'Birth date',
  cellPhone: 'Mobile phone',
  homePhone: 'Home phone',
  email: 'Email',
  portal: 'Portal access',
  yes: 'Yes',
  no: 'No',
  none: 'Nothing',
  completed: 'Completed',
  wrote: 'The patient',
  wasTold: (site: string) => `${site} to the patient`,
  retracted: 'It was taken back.',
  requests: { declined: 'Can’t make an event', 'wants to move': 'Asks to move an event', 'contact change': 'Asks to change contact details' }, // prettier-ignore
  back: 'Find another patient',
}
