/* Code in an executable segment of its own, away from the program's (CMakeLists.txt). */
int far_away(int n);

__attribute__((section(".far_text"))) int far_away(int n)
{
    return n + 1;
}
