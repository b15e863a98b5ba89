/** Spanish: what may go wrong on any page. */
import type { Problem, problems as english } from '../en/problems.ts'

const problem = (title: string, cause: string, next: string): Problem => ({ title, cause, next })

export const problems: typeof english = {
  broken: problem('Esto no funcionó', 'No es culpa suya, y no se perdió nada.', 'Inténtelo de nuevo en un momento.'),
  full: problem('Esto no se pudo guardar', 'El portal ya no tiene espacio. No se envió nada.', 'Inténtelo más tarde o llame al consultorio.'), // prettier-ignore
  siteFull: problem('Esto no se pudo guardar', 'Esta máquina ya no tiene espacio en el disco. No se guardó nada.', 'Haga espacio e inténtelo de nuevo.'), // prettier-ignore
  elsewhere: problem('Este formulario vino de otro sitio', 'No se envió nada.', 'Abra el portal e inténtelo de nuevo.'),
  tooOld: problem('Este formulario es muy antiguo', 'Usted inició sesión de nuevo después de abrir la página. Lo que escribió sigue ahí.', 'Regrese, vuelva a cargar la página y envíelo otra vez.'), // prettier-ignore
  otherPerson: problem('Usted estaba viendo a otra persona', 'No se envió nada: después de abrir esta página se eligió a otra persona.', 'Elija a la persona correcta en la página de inicio e inténtelo de nuevo.'), // prettier-ignore
  noAccess: problem('No hay nada que mostrar', 'El consultorio terminó su acceso al portal.', 'Llame al consultorio si esto no es correcto.'), // prettier-ignore
  noPerson: problem('Esta persona no está', 'La página se hizo antes de que cambiara su acceso.', 'Elija de nuevo en la página de inicio.'), // prettier-ignore
  noPage: problem('Esta página no existe', 'La dirección puede ser antigua o estar incompleta.', 'Regrese a la página de inicio.'), // prettier-ignore
  noConsolePage: problem('Esta página no existe', 'La dirección puede ser antigua o estar incompleta.', 'Elija en el menú.'), // prettier-ignore
  invitationOver: problem('Esta invitación ya no vale', 'Ya se usó, venció o el enlace está incompleto.', 'Llame al consultorio para pedir otra, o entre con su contraseña.'), // prettier-ignore
  noAppointment: problem('Esta cita no está', 'Es posible que haya cambiado.', 'Regrese a la página de inicio.'),
  noThread: problem(
    'Estos mensajes no están aquí',
    'La dirección puede ser antigua, o son de otra persona.',
    'Regrese a los mensajes.',
  ),
  notRetracted: problem('Este mensaje no se retiró', 'Se puede durante 10 minutos, y solo mientras el consultorio no lo haya abierto.', 'Escriba otro mensaje que diga lo correcto.'), // prettier-ignore
  keptForOther: problem('Usted estaba viendo a otra persona', 'Su mensaje todavía no se envió: desde que se hizo esta página se eligió a otra persona. Lo que escribió está guardado.', 'Elija a la persona correcta en la página de inicio y abra los mensajes.'), // prettier-ignore
  kept: problem('Su mensaje todavía no se envió', 'La página era muy antigua, pero lo que escribió está guardado.', 'Abra los mensajes: está ahí en el formulario. Elija de nuevo los archivos.'), // prettier-ignore
  messageRefused: problem('El mensaje no se envió', 'Un mensaje necesita un asunto y un texto de 20,000 caracteres como máximo.', 'Regrese: lo que escribió sigue ahí.'), // prettier-ignore
}
