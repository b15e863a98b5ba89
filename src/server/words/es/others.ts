/** Pacientes de otras sedes del consultorio, que estas comparten con esta. */
import type { others as english } from '../en/others.ts'

export const others: typeof english = {
  menu: 'Otras sedes',
  title: 'Pacientes de otras sedes',
  how: 'Otras sedes de este consultorio comparten estos pacientes con esta. Quien tiene al paciente le escribe y lleva su expediente.',
  find: 'Nombre del paciente',
  nobody: 'Ninguna otra sede comparte un paciente con este nombre.',
  nobodyNext: 'Busque con otra ortografía o pregunte a la otra sede.',
  nothingShared: 'Ninguna otra sede comparte pacientes con esta.',
  nothingSharedNext: 'Un administrador de cada una lo elige en Preferencias > Sincronización.',
  open: 'Abrir el expediente',
  of: (site) => `De ${site}`,
  whose: (site) => `Este paciente es de ${site}. Aquí lee lo que ${site} comparte; ${site} responde y lo cambia.`,
  unknown: { title: 'No existe este paciente', cause: 'Ninguna otra sede comparte este paciente con esta, o ya no.', next: 'Vuelva y busque al paciente otra vez.' }, // prettier-ignore
  notShared: (site) => `${site} no comparte esto con esta sede.`,
  site: 'Sede',
  here: 'Esta sede',
  born: 'Fecha de nacimiento',
  cellPhone: 'Teléfono móvil',
  homePhone: 'Teléfono de casa',
  email: 'Correo electrónico',
  portal: 'Acceso al portal',
  yes: 'Sí',
  no: 'Sin acceso',
  none: 'Nada',
  completed: 'Completada',
  wrote: 'El paciente',
  wasTold: (site) => `${site} al paciente`,
  retracted: 'Se retiró.',
  requests: { declined: 'No puede acudir a una cita', 'wants to move': 'Pide mover una cita', 'contact change': 'Pide cambiar datos de contacto' }, // prettier-ignore
  back: 'Buscar otro paciente',
}
