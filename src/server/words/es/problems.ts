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
  messageRefused: problem('El mensaje no se envió', 'Un mensaje necesita un asunto y un texto de 20,000 caracteres como máximo.', 'Regrese: lo que escribió sigue ahí.'), // prettier-ignore
}
