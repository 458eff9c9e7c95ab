/** Each topic's colours. What they promise is in topic.ts; palettes.test.ts computes it. */
import type { Palette, Theme, TopicId } from './topic.js';

function palette(colours: string): Palette {
  const [ground = '', wash = '', line = '', accent = '', glow = '', ink = ''] = colours.split(' ').map((hex) => `#${hex}`);
  return { ground, wash, line, accent, glow, ink };
}

/** ground wash line accent glow ink */
export const palettes: Readonly<Record<TopicId, Readonly<Record<Theme, Palette>>>> = {
  gardening: { light: palette('e6ecd6 d2dfbb 6f8f4e 3d6326 e0a03c 1f2d16'), dark: palette('18211a 233226 5f8053 a9cf86 e3b04f eaf1df') },
  astronomy: { light: palette('202a4f 2b3765 7482b8 f2cf8a fff2cf f0f1fa'), dark: palette('0e1430 182147 56659c f0c879 fff0c8 e9ecfa') },
  sailing: { light: palette('eef2f1 d5e2e4 8aa4ad b0402f f7f9f8 182c38'), dark: palette('122029 1d313d 5b7a88 ee8f78 dfe9ea e6eff2') },
  cooking: { light: palette('f7e6cf f0d3ae c98f55 9c3d1c fff8ec 3a2012'), dark: palette('261710 38231a 8d5f3d f0a877 f6dfbf f7eadb') },
  cycling: { light: palette('f6dcd2 efc6b7 b5705d 96301f fdf2ea 341713'), dark: palette('271614 3a211d 955b4d f5a08a fbe3d6 f8e7e1') },
  history: { light: palette('efe3cb e2cfab a9875a 7b4a1e fbf4e4 33240f'), dark: palette('211a11 31281b 80673f e2b878 f4e5c6 f3eadb') },
  jazz: { light: palette('e8b54d dda136 8f5f17 4c1f4f fbe7b4 2b1230'), dark: palette('221a36 30254b 6d5a96 f0bb55 fbe3a6 f0eaf8') },
  mountains: { light: palette('e5e8ee d0d6e2 8290aa 3f4f7c f6f2e6 1b2338'), dark: palette('161b28 222a3c 5f6e8f b6c6ee f3e6c4 e8ecf6') },
  robots: { light: palette('e4e3ea d0cedc 8480a0 4b3f8c f28c5a 201c36'), dark: palette('181626 25223a 6a6494 bdb2f4 f4976a ebe9f6') },
  mystery: { light: palette('24302f 30403e 71898a f0c774 f7e7bd edf2ef'), dark: palette('0f1716 1a2624 4d6362 ecbf68 f6e4b6 e5edea') },
  painting: { light: palette('f3ebe2 e7d6c6 c48a6a 2b4f9e d9583a 2a1f1a'), dark: palette('201a18 30272a 8d6452 94b2f5 e9785a f4ece6') },
  chess: { light: palette('ece6d8 d9cfb9 a2957a 5a4a2c c2452d 26211a'), dark: palette('1c1a16 2b2822 716852 dccba1 e56d52 f0ece2') },
  birds: { light: palette('e2ecf1 cadde6 7d9dae 2a5872 f2b591 16303e'), dark: palette('131f28 1d303c 5a7d90 9fd0e8 f0ab86 e4eff5') },
  trains: { light: palette('e1e7e1 ccd6cd 86988b 2d5a45 c9553a 1b2a22'), dark: palette('141d19 1f2c26 5a7265 9fd3b4 e57a5e e7f0ea') },
  theatre: { light: palette('741d2b 8a2836 c0606a f7cf8f ffe9bd fdf0ea'), dark: palette('3a0e18 4d1521 8b3a47 f0c27c ffe6b5 fae8e4') },
  ocean: { light: palette('cfe6e4 b3d6d5 5d9a9c 14565f f4efdc 0f3439'), dark: palette('0c2126 143239 3f7b80 8cd3d1 efe6c6 dff1f0') },
};
