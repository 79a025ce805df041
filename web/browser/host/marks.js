// Icons that only the console has; shapes as in common/dom.js.

export const top = "M5 4h14M12 20V9M7 13l5-5 5 5";
export const theme = "o12 12 8|M12 4v16M12 8h6M12 12h8M12 16h6";
export const silence = "M4 5h16v11h-9l-4 4v-4H4zM9 8.5l6 4M15 8.5l-6 4";
export const chat = "M4 5h16v11h-9l-4 4v-4H4z";
export const out = "M9 5H5v14h14v-4M13 5h6v6M19 5l-8 8";
export const stop = "M6 6h12v12H6z";
export const table = "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14";
