// What is open over the page, the innermost last: Esc closes that one (keys.js). Scripts of
// different elements share nothing but `window.hearth`.
//
// const closed = layer(close); ... closed() when it was closed another way.
function layer(close) {
  const layers = ((window.hearth ??= {}).layers ??= []);
  layers.push(close);
  return () => {
    const place = layers.indexOf(close);
    if (place >= 0) layers.splice(place, 1);
  };
}
