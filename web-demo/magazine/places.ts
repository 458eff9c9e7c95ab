/** Places that do not exist. */
export const places = [
  'Alder Bay', 'Brightwater', 'Cold Ferry', 'Fallow Hill', 'Greywick', 'Hazelford', 'Isle Marrow',
  'Juniper Row', 'Kingsmere', 'Low Tarn', 'Oakhaven', 'Pell Valley', 'Saltby Cross', 'Thornmere',
  'Wren Gate', 'Upper Lanny', 'Quillbrook', 'Vessel Point', 'Amberwick', 'Ostrand', 'Tollen',
  'Ruddle End', 'Mossgate', 'Ferncombe',
] as const;
