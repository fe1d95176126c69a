/** A short tone, for who wants to hear alerts; a browser that allows none stays silent. */

const TONE_HZ = 880;
const LONG_S = 0.25;
const LOUD = 0.15;

export function ring(): void {
  try {
    const context = new AudioContext();
    const gain = context.createGain();
    gain.gain.setValueAtTime(LOUD, context.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + LONG_S);
    const tone = context.createOscillator();
    tone.frequency.value = TONE_HZ;
    tone.connect(gain).connect(context.destination);
    tone.onended = () => void context.close();
    tone.start();
    tone.stop(context.currentTime + LONG_S);
  } catch {
    // no sound here
  }
}
