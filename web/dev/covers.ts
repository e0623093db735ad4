// Covers for the made-up titles: small scenes drawn by a few lines each. They only have to look like covers.

type Draw = (c: CanvasRenderingContext2D, w: number, h: number) => void;

const disc = (c: CanvasRenderingContext2D, x: number, y: number, r: number) => {
  c.beginPath();
  c.arc(x, y, r, 0, 7);
  c.fill();
};

const sky = (c: CanvasRenderingContext2D, w: number, h: number, from: string, to: string) => {
  const gradient = c.createLinearGradient(0, 0, 0, h);
  gradient.addColorStop(0, from);
  gradient.addColorStop(1, to);
  c.fillStyle = gradient;
  c.fillRect(0, 0, w, h);
};

const dunes: Draw = (c, w, h) => {
  sky(c, w, h, '#2b1b4d', '#f3884e');
  c.fillStyle = '#ffe3a8';
  disc(c, w * 0.7, h * 0.42, h * 0.16);
  ['#a8455a', '#6d2c55', '#33183f'].forEach((colour, i) => {
    c.fillStyle = colour;
    c.beginPath();
    c.moveTo(0, h);
    for (let x = 0; x <= w; x += 4) c.lineTo(x, h * (0.6 + i * 0.13) + Math.sin(x / (w / (5 + i * 2)) + i * 2) * h * 0.06);
    c.lineTo(w, h);
    c.fill();
  });
};

const stars: Draw = (c, w, h) => {
  sky(c, w, h, '#050a1f', '#123a5e');
  for (let i = 0; i < 140; i++) {
    c.fillStyle = `hsl(${200 + (i % 5) * 14} 90% ${60 + (i % 4) * 10}%)`;
    c.fillRect((i * 97) % w, (i * 57) % h, 1 + (i % 3), 1 + (i % 3));
  }
  c.fillStyle = '#e8f4ff';
  c.beginPath();
  c.moveTo(w * 0.5, h * 0.28);
  c.lineTo(w * 0.6, h * 0.72);
  c.lineTo(w * 0.5, h * 0.64);
  c.lineTo(w * 0.4, h * 0.72);
  c.fill();
  c.fillStyle = '#ffb347';
  disc(c, w * 0.5, h * 0.78, h * 0.05);
};

const bricks: Draw = (c, w, h) => {
  c.fillStyle = '#1d2b53';
  c.fillRect(0, 0, w, h);
  const colours = ['#ff004d', '#ffa300', '#ffec27', '#00e436', '#29adff'];
  for (let y = 0; y < 5; y++) for (let x = 0; x < 8; x++) {
    if ((x * 7 + y * 5) % 11 === 0) continue;
    c.fillStyle = colours[y]!;
    c.fillRect(x * (w / 8) + 2, h * 0.12 + y * (h / 13), w / 8 - 4, h / 13 - 3);
  }
  c.fillStyle = '#fff1e8';
  c.fillRect(w * 0.36, h * 0.88, w * 0.24, h * 0.03);
  disc(c, w * 0.56, h * 0.7, w * 0.022);
};

const snake: Draw = (c, w, h) => {
  const cell = w / 20;
  for (let y = 0; y < 20; y++) for (let x = 0; x < 20; x++) {
    c.fillStyle = (x + y) % 2 ? '#8bac0f' : '#93b414';
    c.fillRect(x * cell, y * (h / 20), cell + 1, h / 20 + 1);
  }
  c.fillStyle = '#0f380f';
  for (let i = 0; i < 26; i++) {
    const [x, y] = i < 9 ? [4 + i, 6] : i < 16 ? [12, 6 + i - 8] : [12 - (i - 15), 13];
    c.fillRect(x * cell + 1, y * (h / 20) + 1, cell - 2, h / 20 - 2);
  }
  c.fillStyle = '#9b2d1f';
  disc(c, 5.5 * cell, 13.5 * (h / 20), cell * 0.45);
};

const cave: Draw = (c, w, h) => {
  sky(c, w, h, '#0b1512', '#1d4a3c');
  for (let i = 0; i < 18; i++) {
    c.fillStyle = `hsl(165 35% ${8 + (i % 4) * 3}%)`;
    const x = (i / 18) * w;
    const d = h * (0.14 + ((i * 37) % 17) / 60);
    c.beginPath();
    c.moveTo(x - 12, i % 2 ? 0 : h);
    c.lineTo(x + w / 10, i % 2 ? 0 : h);
    c.lineTo(x + w / 26, i % 2 ? d : h - d);
    c.fill();
  }
  c.fillStyle = '#f7c65c';
  disc(c, w * 0.5, h * 0.53, h * 0.05);
  c.fillStyle = 'rgb(247 198 92 / 0.15)';
  disc(c, w * 0.5, h * 0.53, h * 0.24);
};

const grid: Draw = (c, w, h) => {
  sky(c, w, h, '#12002e', '#e0245e');
  c.strokeStyle = '#ffd0e8';
  c.lineWidth = h / 200;
  for (let i = -12; i <= 12; i++) {
    c.beginPath();
    c.moveTo(w / 2 + i * 8, h * 0.55);
    c.lineTo(w / 2 + i * w * 0.16, h);
    c.stroke();
  }
  for (let i = 0; i < 8; i++) {
    c.beginPath();
    c.moveTo(0, h * (0.55 + 0.45 * (i / 8) ** 2));
    c.lineTo(w, h * (0.55 + 0.45 * (i / 8) ** 2));
    c.stroke();
  }
  c.fillStyle = '#ffe08a';
  disc(c, w / 2, h * 0.42, h * 0.19);
};

const SCENES: [Draw, number, number][] = [
  [dunes, 1280, 720],
  [bricks, 160, 160],
  [stars, 1280, 720],
  [snake, 160, 160],
  [cave, 640, 360],
  [grid, 1024, 768],
];

export function drawCover(i: number): string {
  const [draw, width, height] = SCENES[i % SCENES.length]!;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  draw(canvas.getContext('2d')!, width, height);
  return canvas.toDataURL();
}
